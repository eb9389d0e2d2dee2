// SPDX-License-Identifier: Apache-2.0
//
// Runs the scenarios with weak memory, whatever they ask for themselves. With CMWQ_WEAK_SITES=FILE in the environment
// it writes there which ordered operations each test came by, one line a test: its name, then FILE:LINE…
#include "backend/site.hpp"

#include <cstdio>
#include <cstdlib>
#include <gtest/gtest.h>

namespace {

class site_writer : public ::testing::EmptyTestEventListener {
public:
    explicit site_writer(const char* path) : file_{std::fopen(path, "w")} {}
    ~site_writer() override {
        if (file_ != nullptr) std::fclose(file_);
    }

    void OnTestStart(const ::testing::TestInfo&) override { (void)cmwq::model::detail::take_sites_reached(); }
    void OnTestEnd(const ::testing::TestInfo& test) override {
        if (file_ == nullptr) return;
        std::fprintf(file_, "%s.%s", test.test_suite_name(), test.name());
        for (const auto& site : cmwq::model::detail::take_sites_reached()) std::fprintf(file_, " %s", site.c_str());
        std::fputc('\n', file_);
        std::fflush(file_);
    }

private:
    std::FILE* file_;
};

}  // namespace

int main(int argc, char** argv) {
    ::testing::InitGoogleTest(&argc, argv);
    setenv("CMWQ_MODEL_WEAK", "1", 1);
    if (const char* path = std::getenv("CMWQ_WEAK_SITES")) {
        ::testing::UnitTest::GetInstance()->listeners().Append(new site_writer{path});
        setenv("CMWQ_MODEL_SITES", "1", 1);
    }
    return RUN_ALL_TESTS();
}
