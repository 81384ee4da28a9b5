/* SPDX-License-Identifier: MIT
 * How one fact of a PostgreSQL schema becomes another, where the catalog alone cannot say it: old and new are compared. */
#include "database/postgresql/postgresql.h"
