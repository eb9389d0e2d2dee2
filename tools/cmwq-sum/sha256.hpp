// SPDX-License-Identifier: Apache-2.0
//
// SHA-256 by OpenSSL's EVP interface.
#pragma once

#include <openssl/evp.h>

#include <array>
#include <cstddef>
#include <memory>

namespace cmwq_sum {

using digest = std::array<unsigned char, 32>;

/// One calculation after the other. Setting up costs many times a small file's hashing, so there is one per thread,
/// together with the buffer that files are read into.
class sha256 {
public:
    /// In bytes. Big enough that system calls do not count, small enough to stay in the second-level cache between the
    /// kernel's copy and the hashing: 64 KiB takes as long, 256 KiB longer.
    static constexpr std::size_t buffer_size = 128 * 1024;

    /// The calling thread's own. It ends with the thread, that is with the worker.
    static sha256& of_this_thread();

    sha256();
    void start();
    void add(const void* data, std::size_t size);
    digest finish();
    unsigned char* buffer() noexcept { return buffer_.get(); }

private:
    struct free_context {
        void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
    };
    std::unique_ptr<EVP_MD_CTX, free_context> context_;
    std::unique_ptr<unsigned char[]> buffer_;
};

}  // namespace cmwq_sum
