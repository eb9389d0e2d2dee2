// SPDX-License-Identifier: Apache-2.0
#include "fuzz/replay.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace fuzz {

namespace {

namespace fs = std::filesystem;

void add_files(std::vector<fs::path>& files, const fs::path& given) {
    if (!fs::is_directory(given)) return files.push_back(given);
    for (const auto& entry : fs::directory_iterator{given}) files.push_back(entry.path());
}

input read_input(const fs::path& file) {
    std::ifstream opened{file, std::ios::binary};
    if (!opened) {
        std::fprintf(stderr, "%s: cannot be read\n", file.c_str());
        std::exit(2);
    }
    return {file.string(), {std::istreambuf_iterator<char>{opened}, {}}};
}

}  // namespace

std::vector<input> read_inputs(int count, char** paths) {
    std::vector<fs::path> files;
    for (int i = 0; i < count; ++i) add_files(files, paths[i]);
    std::sort(files.begin(), files.end());
    std::vector<input> inputs;
    for (const fs::path& file : files) inputs.push_back(read_input(file));
    if (!inputs.empty()) return inputs;
    std::fputs("there is no input\n", stderr);
    std::exit(2);
}

}  // namespace fuzz
