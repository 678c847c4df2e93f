#include "simile/server/network/spoken.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <memory>
#include <string>

namespace simile::server {
namespace {

/// The first bytes of a client of TLS that offers these, in ALPN's form.
std::string client_hello(const std::string& offers) {
  const std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context(SSL_CTX_new(TLS_client_method()),
                                                             SSL_CTX_free);
  const std::unique_ptr<SSL, void (*)(SSL*)> client(SSL_new(context.get()), SSL_free);
  const auto* bytes = reinterpret_cast<const unsigned char*>(offers.data());
  if (!offers.empty()) {
    SSL_set_alpn_protos(client.get(), bytes, static_cast<unsigned>(offers.size()));
  }
  BIO* sent = BIO_new(BIO_s_mem());
  SSL_set_bio(client.get(), BIO_new(BIO_s_mem()), sent);  // which it owns from here on
  SSL_connect(client.get());
  char* text = nullptr;
  const long size = BIO_get_mem_data(sent, &text);
  return {text, static_cast<std::size_t>(size)};
}

TEST(Spoken, PlainIsToldByTheMethod) {
  EXPECT_EQ(spoken_plain("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), Spoken::kGrpc);
  EXPECT_EQ(spoken_plain("POST /v2/vectordb/collections/list HTTP/1.1"), Spoken::kHttp);
  EXPECT_EQ(spoken_plain("GET / HTTP/1.1"), Spoken::kHttp);
  EXPECT_EQ(spoken_plain("PRO"), Spoken::kHttp);
  for (const char* begin : {"", "P", "PR", "PRI", "PRI *"}) {
    EXPECT_EQ(spoken_plain(begin), Spoken::kUnknown) << begin;
  }
  EXPECT_EQ(spoken_plain("PO"), Spoken::kHttp);
  EXPECT_EQ(spoken_plain(std::string(3, '\0')), Spoken::kGrpc);
}

TEST(Spoken, TlsIsToldByWhatIsOffered) {
  EXPECT_EQ(spoken_tls(client_hello("\x02h2")), Spoken::kGrpc);
  EXPECT_EQ(spoken_tls(client_hello("\x08grpc-exp\x02h2")), Spoken::kGrpc);
  EXPECT_EQ(spoken_tls(client_hello("\x02h2\x08http/1.1")), Spoken::kHttp);
  EXPECT_EQ(spoken_tls(client_hello("\x08http/1.1")), Spoken::kHttp);
  EXPECT_EQ(spoken_tls(client_hello("")), Spoken::kHttp);
}

TEST(Spoken, TlsWaitsForTheWholeMessage) {
  const std::string hello = client_hello("\x02h2");
  for (std::size_t size = 0; size < hello.size(); ++size) {
    EXPECT_EQ(spoken_tls(hello.substr(0, size)), Spoken::kUnknown) << size;
  }
}

TEST(Spoken, BytesThatAreNoHelloEndNowhere) {
  EXPECT_EQ(spoken_tls("GET / HTTP/1.1"), Spoken::kGrpc);
  const std::string hello = client_hello("\x08http/1.1");
  for (std::size_t at = 0; at < hello.size(); ++at) {
    for (const char byte : {'\0', '\x7f', '\xff'}) {
      std::string other = hello;
      other[at] = byte;
      spoken_tls(other);  // any answer, within its bytes
    }
  }
  std::string endless(kSpokenBytesMax, '\xff');
  endless[0] = '\x16';
  EXPECT_NE(spoken_tls(endless), Spoken::kUnknown);
}

}  // namespace
}  // namespace simile::server
