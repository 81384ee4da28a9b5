// SPDX-License-Identifier: MIT
// The same for `import`: one set of classes, whichever way a program's parts come by them.
import libmigrate from './index.cjs'

export const {
  Migrator, Plan, Run, startup, readiness, options, rules, version, has, MigrateError, NomemError, MisuseError, OptionError, UrlError,
  ClientError, ConnectError, AuthenticationError, NoDatabaseError, SourceError, DuplicateError, DependencyError, TargetError, SqlError,
  CodeError, ModifiedError, MissingError, LateError, AheadError, RenamedError, UnmanagedError, HistoryError, RightsError, ReadOnlyError,
  LockedError, TimeoutError, CancelledError, StaleError, IrreversibleError, RefusedError, PartialError, ConnectionLostError,
  InTransactionError, IoError, InternalError, FileSystemError, DeviceLockedError, OutcomeUnknownError, ShadowError, SchemaError, AbortError,
  MigrationsPending, RunStopped
} = libmigrate
export default libmigrate
