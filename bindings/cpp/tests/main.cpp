/* SPDX-License-Identifier: MIT
 *     PROGRAM sqlite|postgresql [DOCTEST OPTION...]
 * PostgreSQL is skipped (77) unless MIGRATE_TEST_POSTGRESQL is the URL of a server where databases may be created. */
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include "world.hpp"

#include <cstdlib>
#include <iostream>

int main(int argc, char **argv)
{
    const std::string engine = argc > 1 ? argv[1] : "";
    const char *server = std::getenv("MIGRATE_TEST_POSTGRESQL");
    if (engine != "sqlite" && engine != "postgresql") {
        std::cerr << "usage: " << argv[0] << " sqlite|postgresql\n";
        return 64;
    }
    if (engine == "postgresql" && (server == nullptr || *server == '\0')) {
        std::cout << "SKIPPED: MIGRATE_TEST_POSTGRESQL is not set\n";
        return 77;
    }
    world::use(engine, engine == "postgresql" ? server : "");
    return doctest::Context(argc, argv).run();
}
