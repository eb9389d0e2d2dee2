// SPDX-License-Identifier: Apache-2.0
#include "sha256.hpp"

#include "fatal.hpp"

namespace cmwq_sum {
namespace {

/// Fetched once: looking the algorithm up takes a lock and more time than hashing a small file.
const EVP_MD* algorithm() {
    static const EVP_MD* const fetched = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    return fetched;
}

/// OpenSSL refuses only for want of memory or of the algorithm itself. No file is to blame, and none could go on.
void expect(bool succeeded) {
    if (!succeeded) {
        fatal("OpenSSL cannot compute SHA-256");
    }
}

}  // namespace

sha256& sha256::of_this_thread() {
    thread_local sha256 mine;
    return mine;
}

sha256::sha256() : context_{EVP_MD_CTX_new()}, buffer_{new unsigned char[buffer_size]} {
    expect(context_ != nullptr && algorithm() != nullptr);
}

void sha256::start() {
    expect(EVP_DigestInit_ex2(context_.get(), algorithm(), nullptr) == 1);
}

void sha256::add(const void* data, std::size_t size) {
    expect(EVP_DigestUpdate(context_.get(), data, size) == 1);
}

digest sha256::finish() {
    digest result;
    expect(EVP_DigestFinal_ex(context_.get(), result.data(), nullptr) == 1);
    return result;
}

}  // namespace cmwq_sum
