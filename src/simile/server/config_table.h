#pragma once
/// Every setting of the server, once. NAME is a line `name = value` of the file, SIMILE_NAME in the
/// environment and --name on the command line (with - for _); each goes before the one named first.

#include <array>
#include <string_view>

namespace simile::server {

struct Setting {
  std::string_view name;
  std::string_view value;  ///< the default
  std::string_view help;
  bool is_switch = false;  ///< true or false; on the command line its name alone is true
};

inline constexpr std::array kSettings = {
    Setting{"host", "127.0.0.1", "Address to listen on; 0.0.0.0: every one of this machine"},
    Setting{"port", "19530", "Port of gRPC and all of the other; 0: a free one"},
    Setting{"http_port", "9091", "Port of the page, REST, /metrics; 0: a free one"},
    Setting{"threads", "0", "Threads that search; 0: one for each core"},
    Setting{"write_threads", "16", "Threads that write; they wait for the disk together"},
    Setting{"queue_max", "4096", "Calls that may wait; more are refused with code 8"},
    Setting{"message_bytes_max", "536870912", "Largest request"},
    Setting{"growing_bytes_max", "268435456", "Rows in memory before they become a segment"},
    Setting{"key_file", "", "Key of encrypted databases: a file with 64 hexadecimal digits"},
    Setting{"key_command", "", "Or a command that prints it"},
    Setting{"grace_seconds", "30", "How long a stop waits for calls that run"},
    Setting{"tls_certificate", "",
            "PEM file of the server's certificate; with it both ports speak TLS"},
    Setting{"tls_key", "", "PEM file of the key of tls_certificate"},
    Setting{"tls_client_authority", "", "PEM file; clients must show a certificate signed by it"},
    Setting{"authorization", "auto",
            "on, off, or auto: on where the database has an administrator"},
    Setting{"audit", "auto", "off, changes, all, or auto: changes where authorization is on"},
    Setting{"calls_per_second", "0", "Calls of one user a second; 0: any number"},
    Setting{"call_seconds", "120", "How long a search, query or change may work; 0: any time"},
    Setting{"call_bytes_max", "1073741824", "Memory of a request once unpacked, and of its answer"},
    Setting{"insecure", "false", "Listen on any address without TLS and without users", true},
    Setting{"connections_max", "256", "Connections of the HTTP port"},
    Setting{"streams_max", "1000", "Calls of one gRPC connection at once"},
    Setting{"receive_seconds", "10", "How long a request may take to arrive, beside its bytes"},
    Setting{"picture_folders", "",
            "Folders, with : between, whose pictures the page may show, index"},
    Setting{"rerank_endpoints", "",
            "Services, with commas between, that model rankers may ask: http://127.0.0.1:8080"},
    Setting{"backup_dir", "", "Folder that POST /v2/simile/backup writes to; empty: it is refused"},
    Setting{"otlp_endpoint", "",
            "Where traces go, http://127.0.0.1:4318/v1/traces; empty: OTEL_EXPORTER_OTLP_ENDPOINT"},
    Setting{"trace_ratio", "1", "Share of calls that are traced where no caller has decided"},
    Setting{"log_level", "info", "debug (every call), info, warning or error"},
};

}  // namespace simile::server
