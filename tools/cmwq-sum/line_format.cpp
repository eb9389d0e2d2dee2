// SPDX-License-Identifier: Apache-2.0
#include "line_format.hpp"

namespace cmwq_sum {
namespace {

void append_escaped(std::string& out, std::string_view name) {
    for (const char c : name) {
        switch (c) {
        case '\\': out += "\\\\"; break;
        case '\n': out += "\\n"; break;
        case '\r': out += "\\r"; break;
        default: out += c;
        }
    }
}

void append_hex(std::string& out, const digest& sum) {
    constexpr char digits[] = "0123456789abcdef";
    for (const auto byte : sum) {
        out += digits[byte >> 4];
        out += digits[byte & 15];
    }
}

void append_octal(std::string& out, unsigned char c) {
    out += '\\';
    out += static_cast<char>('0' + (c >> 6));
    out += static_cast<char>('0' + (c >> 3 & 7));
    out += static_cast<char>('0' + (c & 7));
}

}  // namespace

void append_line(std::string& out, const digest& sum, std::string_view name) {
    const bool escape = name.find_first_of("\\\n\r") != name.npos;
    if (escape) {
        out += '\\';
    }
    append_hex(out, sum);
    out += "  ";
    if (escape) {
        append_escaped(out, name);
    } else {
        out += name;
    }
    out += '\n';
}

std::string printable(std::string_view name) {
    std::string out;
    for (const char c : name) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < ' ' || byte == 0x7f) {
            append_octal(out, byte);
        } else {
            out += c;
        }
    }
    return out.empty() ? "''" : out;
}

}  // namespace cmwq_sum
