#include <gmock/gmock.h>
#include <hdf5.h>

#include <csignal>

#include "simile/base/random.h"
#include "simile/vectorfile/test_files.h"

namespace simile::vectorfile {
namespace {

using ::testing::HasSubstr;

/// Writes data sets of shape (rows, 2) with values 0, 1, 2, ... in file type `type`.
class Hdf5Writer {
 public:
  explicit Hdf5Writer(const std::string& path)
      : file_(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT)) {}
  ~Hdf5Writer() { H5Fclose(file_); }

  hid_t id() const { return file_; }

  void dataset(const std::string& name, hid_t type, std::vector<hsize_t> shape, bool deflate) {
    const hid_t space = H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr);
    const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
    if (deflate) {
      const std::vector<hsize_t> chunk(shape.size(), 1);
      H5Pset_chunk(creation, static_cast<int>(chunk.size()), chunk.data());
      H5Pset_deflate(creation, 6);
    }
    const hid_t dataset =
        H5Dcreate2(file_, name.c_str(), type, space, H5P_DEFAULT, creation, H5P_DEFAULT);
    std::vector<double> values(100);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i);
    H5Dwrite(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
    H5Dclose(dataset);
    H5Pclose(creation);
    H5Sclose(space);
  }

  void attribute(const std::string& name, const std::string& value) {
    const hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, value.size());
    const hid_t space = H5Screate(H5S_SCALAR);
    const hid_t attribute = H5Acreate2(file_, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT);
    H5Awrite(attribute, type, value.data());
    H5Aclose(attribute);
    H5Sclose(space);
    H5Tclose(type);
  }

 private:
  hid_t file_;
};

TEST(Hdf5File, ReadsTheTrainingSetAndTheMetric) {
  const Folder folder;
  const auto path = folder.path("x.hdf5");
  for (const bool deflate : {false, true}) {
    {
      Hdf5Writer writer(path);
      writer.dataset("train", H5T_IEEE_F32LE, {5, 2}, deflate);
      writer.dataset("test", H5T_IEEE_F64BE, {1, 2}, deflate);
      writer.attribute("distance", "angular");
    }
    const Contents all = read_all(path, {}, 2);
    EXPECT_EQ(all.error, "");
    EXPECT_EQ(all.info.metric, Metric::kCosine);
    EXPECT_EQ(all.info.rows, 5u);
    EXPECT_EQ(all.floats, (std::vector<float>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
    OpenOptions options;
    options.dataset = "test";
    const Contents test = read_all(path, options);
    EXPECT_EQ(test.floats, (std::vector<float>{0, 1}));
    EXPECT_EQ(test.info.stored_type, "float64");
  }
}

TEST(Hdf5File, KnowsWhatItsComponentsAre) {
  const Folder folder;
  const auto path = folder.path("x.h5");
  const std::tuple<hid_t, std::string, ElementType> cases[] = {
      {H5T_STD_I8LE, "int8", ElementType::kInt8},
      {H5T_STD_U8LE, "uint8", ElementType::kFloat32},
      {H5T_STD_I32BE, "int32", ElementType::kFloat32},
  };
  for (const auto& [type, stored, element] : cases) {
    {
      Hdf5Writer(path).dataset("train", type, {3, 2}, false);
    }
    const Contents all = read_all(path);
    EXPECT_EQ(all.info.stored_type, stored);
    EXPECT_EQ(all.info.type.element, element);
    EXPECT_EQ(all.rows, 3u);
  }
  { Hdf5Writer(path).dataset("train", H5T_STD_I64LE, {3, 2}, false); }
  EXPECT_THAT(read_all(path).error, HasSubstr("x.h5:train: its components are none of"));
}

TEST(Hdf5File, ListsWhatIsThere) {
  const Folder folder;
  const auto path = folder.path("x.hdf5");
  {
    Hdf5Writer writer(path);
    writer.dataset("base", H5T_IEEE_F32LE, {5, 2}, false);
    writer.dataset("sets", H5T_IEEE_F32LE, {10}, false);
  }
  EXPECT_THAT(read_all(path).error, HasSubstr("no data set 'train'; choose one with --dataset: "
                                              "base, sets"));
  OpenOptions options;
  options.dataset = "sets";
  EXPECT_THAT(read_all(path, options).error, HasSubstr("vectors have shape (rows, dimension)"));
  options.dataset = "base/train";
  EXPECT_THAT(read_all(path, options).error, HasSubstr("no data set 'base/train'"));
}

TEST(Hdf5File, DoesNotFollowLinksOutOfTheFile) {
  const Folder folder;
  const auto other = folder.path("other.hdf5");
  const auto path = folder.path("x.hdf5");
  { Hdf5Writer(other).dataset("train", H5T_IEEE_F32LE, {5, 2}, false); }
  {
    Hdf5Writer writer(path);
    H5Lcreate_external(other.c_str(), "/train", writer.id(), "train", H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_external(other.c_str(), "/", writer.id(), "out", H5P_DEFAULT, H5P_DEFAULT);
  }
  for (const std::string dataset : {"train", "out/train"}) {
    OpenOptions options;
    options.dataset = dataset;
    EXPECT_THAT(read_all(path, options).error, HasSubstr("no data set")) << dataset;
  }
}

TEST(Hdf5File, DoesNotReadValuesThatLieInOtherFiles) {
  const Folder folder;
  const auto secret = folder.file("secret", std::string(16, 'x'));
  const auto path = folder.path("x.hdf5");
  {
    Hdf5Writer writer(path);
    const hsize_t shape[] = {2, 2};
    const hid_t space = H5Screate_simple(2, shape, nullptr);
    const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_external(creation, secret.c_str(), 0, 16);
    H5Dclose(H5Dcreate2(writer.id(), "train", H5T_IEEE_F32LE, space, H5P_DEFAULT, creation,
                        H5P_DEFAULT));
    H5Pclose(creation);
    H5Sclose(space);
  }
  EXPECT_THAT(read_all(path).error, HasSubstr("from other files"));
}

TEST(Hdf5File, FailsWhereverItIsCutOff) {
  const Folder folder;
  const auto path = folder.path("x.hdf5");
  { Hdf5Writer(path).dataset("train", H5T_IEEE_F32LE, {5, 2}, true); }
  const std::string whole = read_file(path);
  for (std::size_t length = 0; length < whole.size(); length += 61) {
    EXPECT_NE(read_all(folder.file("y.hdf5", whole.substr(0, length))).error, "") << length;
  }
}

TEST(Hdf5File, RefusesRowsThatAreStatedAndNotStored) {
  const Folder folder;
  const auto path = folder.path("x.hdf5");
  {
    const Hdf5Writer writer(path);
    const hsize_t shape[] = {1ull << 50, 2};
    const hsize_t chunk[] = {16, 2};
    const hid_t space = H5Screate_simple(2, shape, nullptr);
    const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(creation, 2, chunk);
    H5Dclose(H5Dcreate2(writer.id(), "train", H5T_IEEE_F32LE, space, H5P_DEFAULT, creation,
                        H5P_DEFAULT));
    H5Pclose(creation);
    H5Sclose(space);
  }
  EXPECT_THAT(read_all(path).error, HasSubstr("1125899906842624 rows are stated"));
}

TEST(Hdf5File, SurvivesCrashesOfTheLibrary) {
  const Folder folder;
  const auto path = folder.path("x.hdf5");
  { Hdf5Writer(path).dataset("train", H5T_IEEE_F32LE, {5, 2}, true); }
  const std::string whole = read_file(path);
  Random random(1);
  int crashes = 0;
  for (int round = 0; round < 100; ++round) {
    std::string damaged = whole;
    for (std::uint64_t left = 1 + random.below(6); left > 0; --left) {
      damaged[random.below(damaged.size())] = static_cast<char>(random.next());
    }
    const Contents all = read_all(folder.file("y.hdf5", damaged), {}, 4096);
    if (all.error.find("crashed") != std::string::npos) ++crashes;
  }
  RecordProperty("crashes", crashes);
}

TEST(Hdf5File, IsAnErrorWhereTheReadersProcessEnds) {
  const Folder folder;
  const auto path = folder.path("x.hdf5");
  { Hdf5Writer(path).dataset("train", H5T_IEEE_F32LE, {5, 2}, false); }
  auto file = VectorFile::open(path).value();
  const std::string children =
      read_file("/proc/self/task/" + std::to_string(::getpid()) + "/children");
  ASSERT_FALSE(children.empty());
  ::kill(std::stoi(children), SIGKILL);
  Block block;
  EXPECT_THAT(file->next(2, block).error().message, HasSubstr("x.hdf5: damaged"));
}

}  // namespace
}  // namespace simile::vectorfile
