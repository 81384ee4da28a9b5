// SPDX-License-Identifier: MIT
// Made by tools/generate.py from include/migrate.h: do not edit.

use std::ffi::{c_char, c_void};
use std::marker::{PhantomData, PhantomPinned};

pub const MIGRATE_VERSION_MAJOR: i32 = 1;
pub const MIGRATE_VERSION_MINOR: i32 = 0;
pub const MIGRATE_VERSION_PATCH: i32 = 0;
pub const MIGRATE_OK: i32 = 0;
pub const MIGRATE_PENDING: i32 = 1;
pub const MIGRATE_MORE: i32 = 2;
pub const MIGRATE_STOPPED: i32 = 3;
pub const MIGRATE_DIFFERS: i32 = 4;
pub const MIGRATE_FINDINGS: i32 = 5;
pub const MIGRATE_ERROR_NOMEM: i32 = -1;
pub const MIGRATE_ERROR_MISUSE: i32 = -2;
pub const MIGRATE_ERROR_OPTION: i32 = -3;
pub const MIGRATE_ERROR_URL: i32 = -4;
pub const MIGRATE_ERROR_CLIENT: i32 = -5;
pub const MIGRATE_ERROR_CONNECT: i32 = -6;
pub const MIGRATE_ERROR_AUTHENTICATION: i32 = -7;
pub const MIGRATE_ERROR_NO_DATABASE: i32 = -8;
pub const MIGRATE_ERROR_SOURCE: i32 = -9;
pub const MIGRATE_ERROR_DUPLICATE: i32 = -10;
pub const MIGRATE_ERROR_DEPENDENCY: i32 = -11;
pub const MIGRATE_ERROR_TARGET: i32 = -12;
pub const MIGRATE_ERROR_SQL: i32 = -13;
pub const MIGRATE_ERROR_CODE: i32 = -14;
pub const MIGRATE_ERROR_MODIFIED: i32 = -15;
pub const MIGRATE_ERROR_MISSING: i32 = -16;
pub const MIGRATE_ERROR_LATE: i32 = -17;
pub const MIGRATE_ERROR_AHEAD: i32 = -18;
pub const MIGRATE_ERROR_RENAMED: i32 = -19;
pub const MIGRATE_ERROR_UNMANAGED: i32 = -20;
pub const MIGRATE_ERROR_HISTORY: i32 = -21;
pub const MIGRATE_ERROR_RIGHTS: i32 = -22;
pub const MIGRATE_ERROR_READ_ONLY: i32 = -23;
pub const MIGRATE_ERROR_LOCKED: i32 = -24;
pub const MIGRATE_ERROR_TIMEOUT: i32 = -25;
pub const MIGRATE_ERROR_CANCELLED: i32 = -26;
pub const MIGRATE_ERROR_STALE: i32 = -27;
pub const MIGRATE_ERROR_IRREVERSIBLE: i32 = -28;
pub const MIGRATE_ERROR_REFUSED: i32 = -29;
pub const MIGRATE_ERROR_PARTIAL: i32 = -30;
pub const MIGRATE_ERROR_CONNECTION_LOST: i32 = -31;
pub const MIGRATE_ERROR_IN_TRANSACTION: i32 = -32;
pub const MIGRATE_ERROR_IO: i32 = -33;
pub const MIGRATE_ERROR_INTERNAL: i32 = -34;
pub const MIGRATE_ERROR_FILE_SYSTEM: i32 = -35;
pub const MIGRATE_ERROR_DEVICE_LOCKED: i32 = -36;
pub const MIGRATE_ERROR_OUTCOME_UNKNOWN: i32 = -37;
pub const MIGRATE_ERROR_SHADOW: i32 = -38;
pub const MIGRATE_ERROR_SCHEMA: i32 = -39;
pub const MIGRATE_VERSION_NUMBER: i32 = MIGRATE_VERSION_MAJOR * 1000000 + MIGRATE_VERSION_MINOR * 1000 + MIGRATE_VERSION_PATCH;
pub const MIGRATE_NONE: usize = usize::MAX;

#[repr(C)]
pub struct migrate_session {
    _opaque: [u8; 0],
    _marker: PhantomData<(*mut u8, PhantomPinned)>,
}

#[repr(C)]
pub struct migrate_plan {
    _opaque: [u8; 0],
    _marker: PhantomData<(*mut u8, PhantomPinned)>,
}

#[repr(C)]
pub struct migrate_run {
    _opaque: [u8; 0],
    _marker: PhantomData<(*mut u8, PhantomPinned)>,
}

#[repr(C)]
pub struct migrate_options {
    _opaque: [u8; 0],
    _marker: PhantomData<(*mut u8, PhantomPinned)>,
}

#[repr(C)]
pub struct migrate_source {
    _opaque: [u8; 0],
    _marker: PhantomData<(*mut u8, PhantomPinned)>,
}

#[repr(C)]
pub struct migrate_rows {
    _opaque: [u8; 0],
    _marker: PhantomData<(*mut u8, PhantomPinned)>,
}

#[repr(C)]
pub struct migrate_error {
    _opaque: [u8; 0],
    _marker: PhantomData<(*mut u8, PhantomPinned)>,
}

#[repr(C)]
pub struct migrate_event {
    _opaque: [u8; 0],
    _marker: PhantomData<(*mut u8, PhantomPinned)>,
}

#[repr(C)]
pub struct migrate_token {
    _opaque: [u8; 0],
    _marker: PhantomData<(*mut u8, PhantomPinned)>,
}

#[repr(C)]
pub struct migrate_connection {
    _opaque: [u8; 0],
    _marker: PhantomData<(*mut u8, PhantomPinned)>,
}

#[repr(C)]
pub struct migrate_client {
    _opaque: [u8; 0],
    _marker: PhantomData<(*mut u8, PhantomPinned)>,
}

#[repr(C)]
pub struct migrate_driver {
    _opaque: [u8; 0],
    _marker: PhantomData<(*mut u8, PhantomPinned)>,
}

#[repr(C)]
pub struct migrate_result {
    _opaque: [u8; 0],
    _marker: PhantomData<(*mut u8, PhantomPinned)>,
}

#[repr(C)]
pub struct migrate_backup_job {
    _opaque: [u8; 0],
    _marker: PhantomData<(*mut u8, PhantomPinned)>,
}

pub type migrate_function = Option<unsafe extern "C" fn()>;
pub type migrate_event_fn = Option<unsafe extern "C" fn(event: *const migrate_event, user: *mut c_void) -> i32>;
pub type migrate_declare_fn = Option<unsafe extern "C" fn(connection: *mut migrate_connection, user: *mut c_void) -> i32>;
pub type migrate_backup_fn = Option<unsafe extern "C" fn(job: *mut migrate_backup_job, user: *mut c_void) -> i32>;
pub type migrate_code_fn = Option<unsafe extern "C" fn(connection: *mut migrate_connection, user: *mut c_void) -> i32>;
pub type migrate_driver_fn =
    Option<unsafe extern "C" fn(sql: *const c_char, length: usize, result: *mut migrate_result, user: *mut c_void) -> i32>;
pub type migrate_driver_state_fn = Option<unsafe extern "C" fn(user: *mut c_void) -> i32>;

unsafe extern "C" {
    pub fn migrate_version() -> *const c_char;
    pub fn migrate_version_number() -> i32;
    pub fn migrate_has(feature: *const c_char) -> i32;
    pub fn migrate_free(text: *mut c_void);
    pub fn migrate_error_code(error: *const migrate_error) -> i32;
    pub fn migrate_error_name(error: *const migrate_error) -> *const c_char;
    pub fn migrate_error_class(error: *const migrate_error) -> *const c_char;
    pub fn migrate_error_message(error: *const migrate_error) -> *const c_char;
    pub fn migrate_error_detail(error: *const migrate_error) -> *const c_char;
    pub fn migrate_error_hint(error: *const migrate_error) -> *const c_char;
    pub fn migrate_error_id(error: *const migrate_error) -> *const c_char;
    pub fn migrate_error_file(error: *const migrate_error) -> *const c_char;
    pub fn migrate_error_line(error: *const migrate_error) -> i64;
    pub fn migrate_error_column(error: *const migrate_error) -> i64;
    pub fn migrate_error_statement(error: *const migrate_error) -> *const c_char;
    pub fn migrate_error_sqlstate(error: *const migrate_error) -> *const c_char;
    pub fn migrate_error_driver_code(error: *const migrate_error) -> i32;
    pub fn migrate_error_text(error: *const migrate_error, out_text: *mut *mut c_char) -> i32;
    pub fn migrate_error_json(error: *const migrate_error, out_json: *mut *mut c_char) -> i32;
    pub fn migrate_error_free(error: *mut migrate_error);
    pub fn migrate_code_name(code: i32) -> *const c_char;
    pub fn migrate_rows_count(rows: *const migrate_rows) -> usize;
    pub fn migrate_rows_columns(rows: *const migrate_rows) -> usize;
    pub fn migrate_rows_column_name(rows: *const migrate_rows, column: usize) -> *const c_char;
    pub fn migrate_rows_column_index(rows: *const migrate_rows, name: *const c_char) -> usize;
    pub fn migrate_rows_is_null(rows: *const migrate_rows, row: usize, column: usize) -> i32;
    pub fn migrate_rows_text(rows: *const migrate_rows, row: usize, column: usize) -> *const c_char;
    pub fn migrate_rows_text_length(rows: *const migrate_rows, row: usize, column: usize) -> usize;
    pub fn migrate_rows_int(rows: *const migrate_rows, row: usize, column: usize) -> i64;
    pub fn migrate_rows_value_text(rows: *const migrate_rows, name: *const c_char) -> *const c_char;
    pub fn migrate_rows_value_int(rows: *const migrate_rows, name: *const c_char) -> i64;
    pub fn migrate_rows_json(rows: *const migrate_rows, out_json: *mut *mut c_char, out_err: *mut *mut migrate_error) -> i32;
    pub fn migrate_rows_free(rows: *mut migrate_rows);
    pub fn migrate_token_new(out_token: *mut *mut migrate_token, out_err: *mut *mut migrate_error) -> i32;
    pub fn migrate_token_stop(token: *mut migrate_token);
    pub fn migrate_token_cancel(token: *mut migrate_token);
    pub fn migrate_token_state(token: *const migrate_token) -> i32;
    pub fn migrate_token_free(token: *mut migrate_token);
    pub fn migrate_event_name(event: *const migrate_event) -> *const c_char;
    pub fn migrate_event_level(event: *const migrate_event) -> *const c_char;
    pub fn migrate_event_message(event: *const migrate_event) -> *const c_char;
    pub fn migrate_event_text(event: *const migrate_event, value: *const c_char) -> *const c_char;
    pub fn migrate_event_int(event: *const migrate_event, value: *const c_char) -> i64;
    pub fn migrate_options_new(out_options: *mut *mut migrate_options, out_err: *mut *mut migrate_error) -> i32;
    pub fn migrate_options_set(
        options: *mut migrate_options,
        key: *const c_char,
        value: *const c_char,
        out_err: *mut *mut migrate_error,
    ) -> i32;
    pub fn migrate_options_get(options: *const migrate_options, key: *const c_char) -> *const c_char;
    pub fn migrate_options_list(out_rows: *mut *mut migrate_rows, out_err: *mut *mut migrate_error) -> i32;
    pub fn migrate_options_from_environment(options: *mut migrate_options, out_err: *mut *mut migrate_error) -> i32;
    pub fn migrate_options_set_token(
        options: *mut migrate_options,
        token: *mut migrate_token,
        out_err: *mut *mut migrate_error,
    ) -> i32;
    pub fn migrate_options_set_event(options: *mut migrate_options, r#fn: migrate_event_fn, user: *mut c_void) -> i32;
    pub fn migrate_options_set_source(
        options: *mut migrate_options,
        source: *mut migrate_source,
        out_err: *mut *mut migrate_error,
    ) -> i32;
    pub fn migrate_options_set_declared(
        options: *mut migrate_options,
        sql: *const c_char,
        make: migrate_declare_fn,
        user: *mut c_void,
        out_err: *mut *mut migrate_error,
    ) -> i32;
    pub fn migrate_options_set_backup(options: *mut migrate_options, r#fn: migrate_backup_fn, user: *mut c_void) -> i32;
    pub fn migrate_backup_job_verb(job: *const migrate_backup_job) -> *const c_char;
    pub fn migrate_backup_job_file(job: *const migrate_backup_job) -> *const c_char;
    pub fn migrate_backup_job_table(job: *const migrate_backup_job, number: usize) -> *const c_char;
    pub fn migrate_backup_job_url(job: *const migrate_backup_job) -> *const c_char;
    pub fn migrate_backup_job_server(job: *const migrate_backup_job) -> *const c_char;
    pub fn migrate_backup_job_cancelled(job: *mut migrate_backup_job) -> i32;
    pub fn migrate_backup_job_fail(job: *mut migrate_backup_job, message: *const c_char, hint: *const c_char) -> i32;
    pub fn migrate_options_free(options: *mut migrate_options);
    pub fn migrate_source_new(out_source: *mut *mut migrate_source, out_err: *mut *mut migrate_error) -> i32;
    pub fn migrate_source_add_file(
        source: *mut migrate_source,
        path: *const c_char,
        text: *const c_char,
        length: usize,
        out_err: *mut *mut migrate_error,
    ) -> i32;
    pub fn migrate_source_add(
        source: *mut migrate_source,
        id: *const c_char,
        up: *const c_char,
        down: *const c_char,
        out_err: *mut *mut migrate_error,
    ) -> i32;
    pub fn migrate_source_add_code(
        source: *mut migrate_source,
        id: *const c_char,
        version: *const c_char,
        up: migrate_code_fn,
        down: migrate_code_fn,
        user: *mut c_void,
        out_err: *mut *mut migrate_error,
    ) -> i32;
    pub fn migrate_source_set_schema_code(
        source: *mut migrate_source,
        stands_for: *const c_char,
        create: migrate_code_fn,
        user: *mut c_void,
        out_err: *mut *mut migrate_error,
    ) -> i32;
    pub fn migrate_source_free(source: *mut migrate_source);
    pub fn migrate_connection_engine(connection: *const migrate_connection) -> *const c_char;
    pub fn migrate_connection_handle(connection: *const migrate_connection) -> *mut c_void;
    pub fn migrate_connection_exec(
        connection: *mut migrate_connection,
        sql: *const c_char,
        out_err: *mut *mut migrate_error,
    ) -> i32;
    pub fn migrate_connection_query(
        connection: *mut migrate_connection,
        sql: *const c_char,
        out_rows: *mut *mut migrate_rows,
        out_err: *mut *mut migrate_error,
    ) -> i32;
    pub fn migrate_connection_quote(
        connection: *mut migrate_connection,
        text: *const c_char,
        out_literal: *mut *mut c_char,
        out_err: *mut *mut migrate_error,
    ) -> i32;
    pub fn migrate_connection_fail(connection: *mut migrate_connection, message: *const c_char) -> i32;
    pub fn migrate_open(
        url: *const c_char,
        options: *const migrate_options,
        out_session: *mut *mut migrate_session,
        out_err: *mut *mut migrate_error,
    ) -> i32;
    pub fn migrate_open_handle(
        client: *mut migrate_client,
        handle: *mut c_void,
        options: *const migrate_options,
        out_session: *mut *mut migrate_session,
        out_err: *mut *mut migrate_error,
    ) -> i32;
    pub fn migrate_open_host(
        driver: *mut migrate_driver,
        options: *const migrate_options,
        out_session: *mut *mut migrate_session,
        out_err: *mut *mut migrate_error,
    ) -> i32;
    pub fn migrate_open_files(
        engine: *const c_char,
        options: *const migrate_options,
        out_session: *mut *mut migrate_session,
        out_err: *mut *mut migrate_error,
    ) -> i32;
    pub fn migrate_close(session: *mut migrate_session);
    pub fn migrate_client_new(
        engine: *const c_char,
        out_client: *mut *mut migrate_client,
        out_err: *mut *mut migrate_error,
    ) -> i32;
    pub fn migrate_client_set(client: *mut migrate_client, name: *const c_char, r#fn: migrate_function) -> i32;
    pub fn migrate_client_free(client: *mut migrate_client);
    pub fn migrate_driver_new(
        engine: *const c_char,
        user: *mut c_void,
        out_driver: *mut *mut migrate_driver,
        out_err: *mut *mut migrate_error,
    ) -> i32;
    pub fn migrate_driver_set(driver: *mut migrate_driver, name: *const c_char, r#fn: migrate_function) -> i32;
    pub fn migrate_driver_free(driver: *mut migrate_driver);
    pub fn migrate_result_columns(result: *mut migrate_result, columns: usize) -> i32;
    pub fn migrate_result_name(result: *mut migrate_result, name: *const c_char) -> i32;
    pub fn migrate_result_value(result: *mut migrate_result, text: *const c_char, length: usize) -> i32;
    pub fn migrate_result_fail(
        result: *mut migrate_result,
        sqlstate: *const c_char,
        driver_code: i32,
        message: *const c_char,
        position: i64,
    ) -> i32;
    pub fn migrate_plan_make(
        session: *mut migrate_session,
        target: *const c_char,
        out_plan: *mut *mut migrate_plan,
        out_err: *mut *mut migrate_error,
    ) -> i32;
    pub fn migrate_plan_rows(
        plan: *const migrate_plan,
        out_rows: *mut *mut migrate_rows,
        out_err: *mut *mut migrate_error,
    ) -> i32;
    pub fn migrate_plan_findings(
        plan: *const migrate_plan,
        out_rows: *mut *mut migrate_rows,
        out_err: *mut *mut migrate_error,
    ) -> i32;
    pub fn migrate_plan_sql(plan: *const migrate_plan, out_sql: *mut *mut c_char, out_err: *mut *mut migrate_error) -> i32;
    pub fn migrate_plan_free(plan: *mut migrate_plan);
    pub fn migrate_apply(
        session: *mut migrate_session,
        plan: *const migrate_plan,
        out_report: *mut *mut migrate_rows,
        out_err: *mut *mut migrate_error,
    ) -> i32;
    pub fn migrate_rollback(
        session: *mut migrate_session,
        target: *const c_char,
        out_report: *mut *mut migrate_rows,
        out_err: *mut *mut migrate_error,
    ) -> i32;
    pub fn migrate_history(
        session: *mut migrate_session,
        out_rows: *mut *mut migrate_rows,
        out_err: *mut *mut migrate_error,
    ) -> i32;
    pub fn migrate_status(
        session: *mut migrate_session,
        out_rows: *mut *mut migrate_rows,
        out_err: *mut *mut migrate_error,
    ) -> i32;
    pub fn migrate_snapshot(
        session: *mut migrate_session,
        out_rows: *mut *mut migrate_rows,
        out_err: *mut *mut migrate_error,
    ) -> i32;
    pub fn migrate_verify(
        session: *mut migrate_session,
        target: *const c_char,
        out_rows: *mut *mut migrate_rows,
        out_err: *mut *mut migrate_error,
    ) -> i32;
    pub fn migrate_rehearse(
        session: *mut migrate_session,
        plan: *const migrate_plan,
        out_rows: *mut *mut migrate_rows,
        out_err: *mut *mut migrate_error,
    ) -> i32;
    pub fn migrate_diff(session: *mut migrate_session, out_rows: *mut *mut migrate_rows, out_err: *mut *mut migrate_error)
    -> i32;
    pub fn migrate_generate(
        session: *mut migrate_session,
        to: *const c_char,
        out_rows: *mut *mut migrate_rows,
        out_err: *mut *mut migrate_error,
    ) -> i32;
    pub fn migrate_generate_down(
        session: *mut migrate_session,
        id: *const c_char,
        out_rows: *mut *mut migrate_rows,
        out_err: *mut *mut migrate_error,
    ) -> i32;
    pub fn migrate_reconcile(
        session: *mut migrate_session,
        mode: *const c_char,
        out_report: *mut *mut migrate_rows,
        out_err: *mut *mut migrate_error,
    ) -> i32;
    pub fn migrate_check(
        session: *mut migrate_session,
        depth: *const c_char,
        out_rows: *mut *mut migrate_rows,
        out_err: *mut *mut migrate_error,
    ) -> i32;
    pub fn migrate_check_against(
        session: *mut migrate_session,
        dir: *const c_char,
        base: *const c_char,
        out_rows: *mut *mut migrate_rows,
        out_err: *mut *mut migrate_error,
    ) -> i32;
    pub fn migrate_check_rules(out_rows: *mut *mut migrate_rows, out_err: *mut *mut migrate_error) -> i32;
    pub fn migrate_graph(
        session: *mut migrate_session,
        of: *const c_char,
        at: *const c_char,
        out_rows: *mut *mut migrate_rows,
        out_err: *mut *mut migrate_error,
    ) -> i32;
    pub fn migrate_backup(
        session: *mut migrate_session,
        out_rows: *mut *mut migrate_rows,
        out_err: *mut *mut migrate_error,
    ) -> i32;
    pub fn migrate_backups(
        session: *mut migrate_session,
        out_rows: *mut *mut migrate_rows,
        out_err: *mut *mut migrate_error,
    ) -> i32;
    pub fn migrate_restore(
        session: *mut migrate_session,
        file: *const c_char,
        out_report: *mut *mut migrate_rows,
        out_err: *mut *mut migrate_error,
    ) -> i32;
    pub fn migrate_protect(
        session: *mut migrate_session,
        on: i32,
        reason: *const c_char,
        out_report: *mut *mut migrate_rows,
        out_err: *mut *mut migrate_error,
    ) -> i32;
    pub fn migrate_mark(
        session: *mut migrate_session,
        r#as: *const c_char,
        id: *const c_char,
        reason: *const c_char,
        out_report: *mut *mut migrate_rows,
        out_err: *mut *mut migrate_error,
    ) -> i32;
    pub fn migrate_baseline(
        session: *mut migrate_session,
        target: *const c_char,
        reason: *const c_char,
        out_report: *mut *mut migrate_rows,
        out_err: *mut *mut migrate_error,
    ) -> i32;
    pub fn migrate_baseline_from_table(
        session: *mut migrate_session,
        table: *const c_char,
        column: *const c_char,
        reason: *const c_char,
        out_report: *mut *mut migrate_rows,
        out_err: *mut *mut migrate_error,
    ) -> i32;
    pub fn migrate_run_begin(
        session: *mut migrate_session,
        plan: *const migrate_plan,
        out_run: *mut *mut migrate_run,
        out_err: *mut *mut migrate_error,
    ) -> i32;
    pub fn migrate_run_step(run: *mut migrate_run, out_err: *mut *mut migrate_error) -> i32;
    pub fn migrate_run_end(run: *mut migrate_run, out_report: *mut *mut migrate_rows, out_err: *mut *mut migrate_error) -> i32;
    pub fn migrate_startup(
        url: *const c_char,
        options: *const migrate_options,
        out_report: *mut *mut migrate_rows,
        out_err: *mut *mut migrate_error,
    ) -> i32;
    pub fn migrate_startup_session(
        session: *mut migrate_session,
        out_report: *mut *mut migrate_rows,
        out_err: *mut *mut migrate_error,
    ) -> i32;
}
