# SPDX-License-Identifier: MIT
# Made by tools/generate.py from include/migrate.h: do not edit.

from ctypes import CFUNCTYPE, POINTER, c_char_p, c_int32, c_int64, c_size_t, c_void_p

VERSION_MAJOR = 1
VERSION_MINOR = 0
VERSION_PATCH = 0
OK = 0
PENDING = 1
MORE = 2
STOPPED = 3
DIFFERS = 4
FINDINGS = 5
ERROR_NOMEM = -1
ERROR_MISUSE = -2
ERROR_OPTION = -3
ERROR_URL = -4
ERROR_CLIENT = -5
ERROR_CONNECT = -6
ERROR_AUTHENTICATION = -7
ERROR_NO_DATABASE = -8
ERROR_SOURCE = -9
ERROR_DUPLICATE = -10
ERROR_DEPENDENCY = -11
ERROR_TARGET = -12
ERROR_SQL = -13
ERROR_CODE = -14
ERROR_MODIFIED = -15
ERROR_MISSING = -16
ERROR_LATE = -17
ERROR_AHEAD = -18
ERROR_RENAMED = -19
ERROR_UNMANAGED = -20
ERROR_HISTORY = -21
ERROR_RIGHTS = -22
ERROR_READ_ONLY = -23
ERROR_LOCKED = -24
ERROR_TIMEOUT = -25
ERROR_CANCELLED = -26
ERROR_STALE = -27
ERROR_IRREVERSIBLE = -28
ERROR_REFUSED = -29
ERROR_PARTIAL = -30
ERROR_CONNECTION_LOST = -31
ERROR_IN_TRANSACTION = -32
ERROR_IO = -33
ERROR_INTERNAL = -34
ERROR_FILE_SYSTEM = -35
ERROR_DEVICE_LOCKED = -36
ERROR_OUTCOME_UNKNOWN = -37
ERROR_SHADOW = -38
ERROR_SCHEMA = -39

migrate_event_fn = CFUNCTYPE(c_int32, c_void_p, c_void_p)
migrate_declare_fn = CFUNCTYPE(c_int32, c_void_p, c_void_p)
migrate_backup_fn = CFUNCTYPE(c_int32, c_void_p, c_void_p)
migrate_code_fn = CFUNCTYPE(c_int32, c_void_p, c_void_p)
migrate_driver_fn = CFUNCTYPE(c_int32, c_char_p, c_size_t, c_void_p, c_void_p)
migrate_driver_state_fn = CFUNCTYPE(c_int32, c_void_p)

FUNCTIONS = {
    "migrate_version": (c_char_p, []),
    "migrate_version_number": (c_int32, []),
    "migrate_has": (c_int32, [c_char_p]),
    "migrate_free": (None, [c_void_p]),
    "migrate_error_code": (c_int32, [c_void_p]),
    "migrate_error_name": (c_char_p, [c_void_p]),
    "migrate_error_class": (c_char_p, [c_void_p]),
    "migrate_error_message": (c_char_p, [c_void_p]),
    "migrate_error_detail": (c_char_p, [c_void_p]),
    "migrate_error_hint": (c_char_p, [c_void_p]),
    "migrate_error_id": (c_char_p, [c_void_p]),
    "migrate_error_file": (c_char_p, [c_void_p]),
    "migrate_error_line": (c_int64, [c_void_p]),
    "migrate_error_column": (c_int64, [c_void_p]),
    "migrate_error_statement": (c_char_p, [c_void_p]),
    "migrate_error_sqlstate": (c_char_p, [c_void_p]),
    "migrate_error_driver_code": (c_int32, [c_void_p]),
    "migrate_error_text": (c_int32, [c_void_p, POINTER(c_void_p)]),
    "migrate_error_json": (c_int32, [c_void_p, POINTER(c_void_p)]),
    "migrate_error_free": (None, [c_void_p]),
    "migrate_code_name": (c_char_p, [c_int32]),
    "migrate_rows_count": (c_size_t, [c_void_p]),
    "migrate_rows_columns": (c_size_t, [c_void_p]),
    "migrate_rows_column_name": (c_char_p, [c_void_p, c_size_t]),
    "migrate_rows_column_index": (c_size_t, [c_void_p, c_char_p]),
    "migrate_rows_is_null": (c_int32, [c_void_p, c_size_t, c_size_t]),
    "migrate_rows_text": (c_char_p, [c_void_p, c_size_t, c_size_t]),
    "migrate_rows_text_length": (c_size_t, [c_void_p, c_size_t, c_size_t]),
    "migrate_rows_int": (c_int64, [c_void_p, c_size_t, c_size_t]),
    "migrate_rows_value_text": (c_char_p, [c_void_p, c_char_p]),
    "migrate_rows_value_int": (c_int64, [c_void_p, c_char_p]),
    "migrate_rows_json": (c_int32, [c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "migrate_rows_free": (None, [c_void_p]),
    "migrate_token_new": (c_int32, [POINTER(c_void_p), POINTER(c_void_p)]),
    "migrate_token_stop": (None, [c_void_p]),
    "migrate_token_cancel": (None, [c_void_p]),
    "migrate_token_state": (c_int32, [c_void_p]),
    "migrate_token_free": (None, [c_void_p]),
    "migrate_event_name": (c_char_p, [c_void_p]),
    "migrate_event_level": (c_char_p, [c_void_p]),
    "migrate_event_message": (c_char_p, [c_void_p]),
    "migrate_event_text": (c_char_p, [c_void_p, c_char_p]),
    "migrate_event_int": (c_int64, [c_void_p, c_char_p]),
    "migrate_options_new": (c_int32, [POINTER(c_void_p), POINTER(c_void_p)]),
    "migrate_options_set": (c_int32, [c_void_p, c_char_p, c_char_p, POINTER(c_void_p)]),
    "migrate_options_get": (c_char_p, [c_void_p, c_char_p]),
    "migrate_options_list": (c_int32, [POINTER(c_void_p), POINTER(c_void_p)]),
    "migrate_options_from_environment": (c_int32, [c_void_p, POINTER(c_void_p)]),
    "migrate_options_set_token": (c_int32, [c_void_p, c_void_p, POINTER(c_void_p)]),
    "migrate_options_set_event": (c_int32, [c_void_p, migrate_event_fn, c_void_p]),
    "migrate_options_set_source": (c_int32, [c_void_p, c_void_p, POINTER(c_void_p)]),
    "migrate_options_set_declared": (c_int32, [c_void_p, c_char_p, migrate_declare_fn, c_void_p, POINTER(c_void_p)]),
    "migrate_options_set_backup": (c_int32, [c_void_p, migrate_backup_fn, c_void_p]),
    "migrate_backup_job_verb": (c_char_p, [c_void_p]),
    "migrate_backup_job_file": (c_char_p, [c_void_p]),
    "migrate_backup_job_table": (c_char_p, [c_void_p, c_size_t]),
    "migrate_backup_job_url": (c_char_p, [c_void_p]),
    "migrate_backup_job_server": (c_char_p, [c_void_p]),
    "migrate_backup_job_cancelled": (c_int32, [c_void_p]),
    "migrate_backup_job_fail": (c_int32, [c_void_p, c_char_p, c_char_p]),
    "migrate_options_free": (None, [c_void_p]),
    "migrate_source_new": (c_int32, [POINTER(c_void_p), POINTER(c_void_p)]),
    "migrate_source_add_file": (c_int32, [c_void_p, c_char_p, c_char_p, c_size_t, POINTER(c_void_p)]),
    "migrate_source_add": (c_int32, [c_void_p, c_char_p, c_char_p, c_char_p, POINTER(c_void_p)]),
    "migrate_source_add_code": (c_int32, [c_void_p, c_char_p, c_char_p, migrate_code_fn, migrate_code_fn, c_void_p, POINTER(c_void_p)]),
    "migrate_source_set_schema_code": (c_int32, [c_void_p, c_char_p, migrate_code_fn, c_void_p, POINTER(c_void_p)]),
    "migrate_source_free": (None, [c_void_p]),
    "migrate_connection_engine": (c_char_p, [c_void_p]),
    "migrate_connection_handle": (c_void_p, [c_void_p]),
    "migrate_connection_exec": (c_int32, [c_void_p, c_char_p, POINTER(c_void_p)]),
    "migrate_connection_query": (c_int32, [c_void_p, c_char_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "migrate_connection_quote": (c_int32, [c_void_p, c_char_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "migrate_connection_fail": (c_int32, [c_void_p, c_char_p]),
    "migrate_open": (c_int32, [c_char_p, c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "migrate_open_handle": (c_int32, [c_void_p, c_void_p, c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "migrate_open_host": (c_int32, [c_void_p, c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "migrate_open_files": (c_int32, [c_char_p, c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "migrate_close": (None, [c_void_p]),
    "migrate_client_new": (c_int32, [c_char_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "migrate_client_set": (c_int32, [c_void_p, c_char_p, c_void_p]),
    "migrate_client_free": (None, [c_void_p]),
    "migrate_driver_new": (c_int32, [c_char_p, c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "migrate_driver_set": (c_int32, [c_void_p, c_char_p, c_void_p]),
    "migrate_driver_free": (None, [c_void_p]),
    "migrate_result_columns": (c_int32, [c_void_p, c_size_t]),
    "migrate_result_name": (c_int32, [c_void_p, c_char_p]),
    "migrate_result_value": (c_int32, [c_void_p, c_char_p, c_size_t]),
    "migrate_result_fail": (c_int32, [c_void_p, c_char_p, c_int32, c_char_p, c_int64]),
    "migrate_plan_make": (c_int32, [c_void_p, c_char_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "migrate_plan_rows": (c_int32, [c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "migrate_plan_findings": (c_int32, [c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "migrate_plan_sql": (c_int32, [c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "migrate_plan_free": (None, [c_void_p]),
    "migrate_apply": (c_int32, [c_void_p, c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "migrate_rollback": (c_int32, [c_void_p, c_char_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "migrate_history": (c_int32, [c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "migrate_status": (c_int32, [c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "migrate_snapshot": (c_int32, [c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "migrate_verify": (c_int32, [c_void_p, c_char_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "migrate_rehearse": (c_int32, [c_void_p, c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "migrate_diff": (c_int32, [c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "migrate_generate": (c_int32, [c_void_p, c_char_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "migrate_generate_down": (c_int32, [c_void_p, c_char_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "migrate_reconcile": (c_int32, [c_void_p, c_char_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "migrate_check": (c_int32, [c_void_p, c_char_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "migrate_check_against": (c_int32, [c_void_p, c_char_p, c_char_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "migrate_check_rules": (c_int32, [POINTER(c_void_p), POINTER(c_void_p)]),
    "migrate_graph": (c_int32, [c_void_p, c_char_p, c_char_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "migrate_backup": (c_int32, [c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "migrate_backups": (c_int32, [c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "migrate_restore": (c_int32, [c_void_p, c_char_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "migrate_protect": (c_int32, [c_void_p, c_int32, c_char_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "migrate_mark": (c_int32, [c_void_p, c_char_p, c_char_p, c_char_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "migrate_baseline": (c_int32, [c_void_p, c_char_p, c_char_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "migrate_baseline_from_table": (c_int32, [c_void_p, c_char_p, c_char_p, c_char_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "migrate_run_begin": (c_int32, [c_void_p, c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "migrate_run_step": (c_int32, [c_void_p, POINTER(c_void_p)]),
    "migrate_run_end": (c_int32, [c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "migrate_startup": (c_int32, [c_char_p, c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "migrate_startup_session": (c_int32, [c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
}
