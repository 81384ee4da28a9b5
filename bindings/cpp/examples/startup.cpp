/* SPDX-License-Identifier: MIT
 * A program brings its database up to date in its own start.
 *
 *     startup URL DIRECTORY
 */
#include <libmigrate/migrate.hpp>

#include <iostream>

int main(int argc, char **argv)
try {
    using namespace std::chrono_literals;
    if (argc != 3)
        return 64;
    auto report = libmigrate::startup(argv[1], {{"dir", argv[2]}, {"wait_timeout", 30s}, {"application", "shop 1.4"}});
    for (auto step : report)
        std::cout << step["id"] << '\n';
    std::cout << (report.changed() ? "now at " : "still at ") << report.to().value_or("nothing") << '\n';
} catch (const libmigrate::error &problem) {
    std::cerr << problem.what() << '\n'; /* file, line, message, what to do next */
    return 1;
}
