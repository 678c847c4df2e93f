#pragma once
/// Numpy arrays, alone (.npy) or several in a ZIP file (.npz).

#include <memory>
#include <string>

#include "simile/vectorfile/array_file.h"
#include "simile/vectorfile/byte_source.h"
#include "simile/vectorfile/npy_header.h"

namespace simile::vectorfile {

/// The member `options.dataset` of an .npz file, else the usual one, else the only one. The error
/// lists what is there. The file itself where the path does not end in .npz.
Result<std::unique_ptr<ByteSource>> open_npy_source(const std::string& path,
                                                    const OpenOptions& options);

/// Fails where the values that the header promises are not all there.
Status check_npy_length(const NpyHeader& header, std::uint64_t value_bytes,
                        const ByteSource& source);

/// The rows that follow a header; shape (dim,) is one row.
Result<Array> open_npy_array(std::unique_ptr<ByteSource> source);

}  // namespace simile::vectorfile
