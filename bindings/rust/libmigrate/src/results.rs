// SPDX-License-Identifier: MIT
//! What calls give back: a field for each column and value of the library's tables.

use crate::rows::{Rows, Value as _, row, table};
use std::time::{Duration, SystemTime};

row! {
    /// One step that a run did, or one event that was written.
    Done {
        id: Option<String>,
        name: Option<String>,
        kind: Option<String>,
        /// `up`, `down`
        direction: Option<String>,
        /// `run`, `schema`, `record`
        action: Option<String>,
        duration: Option<Duration> = "duration_us",
        /// Of `mark`, `baseline`, `protect`: the event.
        event: Option<String>,
        /// Where the rollback text comes from.
        down: Option<String>,
    }
}

/// What a run did.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Report {
    pub changed: bool,
    /// The last applied id before.
    pub from: Option<String>,
    /// The last applied id behind it.
    pub to: Option<String>,
    /// Ids, in the order of the work.
    pub applied: Vec<String>,
    pub rolled_back: Vec<String>,
    /// How long it waited for another runner.
    pub waited_ms: u64,
    /// Of start-up: how many migrations are pending.
    pub pending: Option<u64>,
    /// The run's name in the history.
    pub run: Option<String>,
    /// The file with what was there before.
    pub backup: Option<String>,
    pub steps: Vec<Done>,
    /// It ended early, at a safe point: a new run goes on.
    pub stopped: bool,
}

impl Report {
    pub(crate) fn read(rows: &Rows, stopped: bool) -> Self {
        let steps: Vec<Done> = rows.all();
        let ids = |direction: &str| {
            let ran = |step: &&Done| step.direction.as_deref() == Some(direction) && step.action.as_deref() != Some("record");
            steps.iter().filter(ran).filter_map(|step| step.id.clone()).collect()
        };
        Self {
            changed: bool::read(rows.value("changed")),
            from: Option::read(rows.value("from")),
            to: Option::read(rows.value("to")),
            applied: ids("up"),
            rolled_back: ids("down"),
            waited_ms: u64::read(rows.value("waited_us")) / 1000,
            pending: Option::read(rows.value("pending")),
            run: Option::read(rows.value("run")),
            backup: Option::read(rows.value("backup")),
            stopped,
            steps,
        }
    }

    /// Of a call that gave no table at all: nothing was to be done.
    pub(crate) fn empty() -> Self {
        Self {
            changed: false,
            from: None,
            to: None,
            applied: Vec::new(),
            rolled_back: Vec::new(),
            waited_ms: 0,
            pending: None,
            run: None,
            backup: None,
            steps: Vec::new(),
            stopped: false,
        }
    }

    /// As a JSON object with the steps as the array `rows`.
    pub fn to_json(&self) -> String {
        use crate::rows::json_pair;
        let mut out = String::from("{");
        json_pair(&mut out, "changed", &self.changed);
        json_pair(&mut out, "from", &self.from);
        json_pair(&mut out, "to", &self.to);
        json_pair(&mut out, "applied", &self.applied);
        json_pair(&mut out, "rolled_back", &self.rolled_back);
        json_pair(&mut out, "waited_ms", &self.waited_ms);
        json_pair(&mut out, "pending", &self.pending);
        json_pair(&mut out, "run", &self.run);
        json_pair(&mut out, "backup", &self.backup);
        json_pair(&mut out, "stopped", &self.stopped);
        out.push_str("\"rows\":");
        crate::rows::json_rows(&mut out, &self.steps);
        out.push('}');
        out
    }
}

row! {
    /// One step of a plan.
    Step {
        number: u64,
        id: String,
        name: Option<String>,
        kind: Option<String>,
        /// `up`, `down`
        direction: String,
        /// `run`, `schema`, `record`
        action: String,
        file: Option<String>,
        /// `own`, `shared` (with other steps), `several`, `none`
        transaction: Option<String>,
        /// `source`, `stored`, `no`
        reversible: Option<String>,
        /// The rollback text comes from the history.
        stored: bool,
        checksum: Option<String>,
        breaking: bool,
        /// How many transactions or lone statements; 1: all or nothing.
        segments: Option<u64>,
    }
}

table! {
    /// The steps of a plan.
    Steps {
        count: u64,
        from: Option<String>,
        to: Option<String>,
        direction: Option<String>,
        engine: Option<String>,
        /// How many findings there are.
        findings: u64,
    }
    steps: Step
}

row! {
    /// Something that is wrong with a migration, or will be when it runs.
    Finding {
        /// A stable id: `PG11`
        rule: String,
        /// Its word: `index-not-concurrent`
        name: Option<String>,
        /// `error`, `warning`, `info`
        severity: String,
        id: Option<String>,
        file: Option<String>,
        line: Option<u64>,
        column: Option<u64>,
        message: String,
        hint: Option<String>,
        /// Another migration that it is about.
        other: Option<String>,
        /// It may be wrong.
        guess: Option<bool>,
    }
}

table! {
    /// The findings of a check.
    Check {
        count: u64,
        errors: u64,
        warnings: u64,
        infos: u64,
        ignored: u64,
        /// `scratch`, `words`, `source`
        by: Option<String>,
        /// Why there was no scratch database.
        reason: Option<String>,
        /// The smallest change of the pending ones' order in which they apply: ids, separated by spaces.
        order: Option<String>,
        engine: Option<String>,
    }
    findings: Finding
}

impl Check {
    /// None of the findings is an error.
    pub fn ok(&self) -> bool {
        self.errors == 0
    }
}

row! {
    /// A rule of the checks.
    Rule {
        rule: String,
        name: String,
        /// By default; `off`: only where the option `rules` asks for it.
        severity: String,
        summary: String,
    }
}

row! {
    /// One migration of the source or of the history.
    MigrationStatus {
        id: String,
        name: Option<String>,
        kind: Option<String>,
        /// `applied`, `pending`, `late`, `modified`, `missing`, `renamed`, `ahead`
        state: String,
        at: Option<SystemTime>,
        duration: Option<Duration> = "duration_us",
        actor: Option<String>,
        file: Option<String>,
        reversible: Option<String>,
        checksum: Option<String>,
        recorded_checksum: Option<String>,
        note: Option<String>,
        breaking: Option<bool>,
    }
}

table! {
    /// Where the database is.
    Status {
        /// `current`, `pending`, `ahead`, `diverged`, `unmanaged`
        state: String,
        applied: u64,
        pending: u64,
        late: u64,
        modified: u64,
        missing: u64,
        renamed: u64,
        ahead: u64,
        /// The last applied id.
        at: Option<String>,
        engine: String,
        /// The first pending id.
        next: Option<String>,
        protected: bool,
        /// The name that the option `confirm` wants.
        confirm: Option<String>,
        /// The database, without a password.
        database: Option<String>,
    }
    migrations: MigrationStatus
}

row! {
    /// One event in the history.
    HistoryEvent {
        seq: u64,
        event: String,
        /// `add`, `remove`, `none`
        effect: String,
        kind: String,
        id: String,
        name: Option<String>,
        at: SystemTime,
        duration: Option<Duration> = "duration_us",
        run: Option<String>,
        db_user: Option<String>,
        actor: Option<String>,
        host: Option<String>,
        application: Option<String>,
        library: Option<String>,
        reason: Option<String>,
        error: Option<String>,
        checksum: Option<String>,
        statement: Option<u64>,
        breaking: bool,
        fingerprint: Option<String>,
    }
}

table! {
    /// Every event in the history, the oldest first.
    History {
        /// A digest of everything that is applied.
        state: Option<String>,
        count: u64,
    }
    events: HistoryEvent
}

row! {
    /// What up, down and up of one migration led to.
    Verified {
        id: String,
        /// Where the rollback text comes from: `source`, `generated`, `none`
        down: Option<String>,
        /// `exact`, `order`, `data`, `differs`, `fails`, `refused`, `up`, `untried`
        result: String,
        detail: Option<String>,
        file: Option<String>,
        line: Option<u64>,
        column: Option<u64>,
    }
}

table! {
    /// Whether the rollback texts lead back.
    Verification {
        count: u64,
        good: u64,
        bad: u64,
        untried: u64,
    }
    migrations: Verified
}

impl Verification {
    /// No rollback text is bad.
    pub fn ok(&self) -> bool {
        self.bad == 0
    }
}

row! {
    /// One statement of a rehearsal.
    Rehearsed {
        id: String,
        statement: Option<u64>,
        sql: Option<String>,
        file: Option<String>,
        line: Option<u64>,
        /// `database`, `scratch`, `not run`
        place: String = "where",
        duration: Option<Duration> = "duration_us",
        /// The strongest lock that it took on what was there before.
        lock: Option<String>,
        locked: Option<String>,
        rewritten: Option<String>,
        scanned: Option<String>,
        rows: Option<u64>,
        reason: Option<String>,
    }
}

table! {
    /// What a plan would do, run for real and rolled back.
    Rehearsal {
        count: u64,
        not_run: u64,
        duration: Duration = "duration_us",
        /// Facts are what they were, and no row that was written is left.
        identical: bool,
        differs: Option<String>,
        left: Option<String>,
        engine: Option<String>,
    }
    statements: Rehearsed
}

row! {
    /// One fact in which the schema differs.
    Difference {
        /// `added`, `removed`, `changed`, `renamed`
        difference: String,
        kind: String,
        ident: String,
        expected: Option<String>,
        actual: Option<String>,
        /// SQL that brings back what is expected.
        restore: Option<String>,
        /// SQL that a migration would need to make it so everywhere.
        adopt: Option<String>,
        with: Option<String>,
        note: Option<String>,
    }
}

table! {
    /// How the schema differs from what the migrations made.
    Drift {
        /// `fingerprint`, `facts`, `replay`
        by: Option<String>,
        expected: Option<String>,
        actual: Option<String>,
        count: u64,
        column_order: Option<bool>,
        restore: Option<String>,
        adopt: Option<String>,
        proven: Option<bool>,
    }
    differences: Difference
}

impl Drift {
    /// It differs in nothing.
    pub fn ok(&self) -> bool {
        self.differences.is_empty()
    }
}

row! {
    /// What a generated migration leaves out, and why.
    LeftOut {
        kind: String,
        ident: String,
        reason: String,
    }
}

table! {
    /// A migration from the schema as it is to the wanted one.
    Generated {
        up: String,
        /// Empty where there is no way back: see `down_refused`.
        down: String,
        down_refused: Option<String>,
        /// How many statements there are; 0: nothing is to be changed.
        changes: u64,
        proven: Option<bool>,
        down_proven: Option<bool>,
        column_order: Option<bool>,
        /// Tables or columns go.
        loses: Option<bool>,
        /// `database`, `migrations`
        from: Option<String>,
    }
    left_out: LeftOut
}

table! {
    /// The rollback text of one migration.
    GeneratedDown {
        id: String,
        file: Option<String>,
        /// Empty where it would lie: see `refused`.
        down: String,
        refused: Option<String>,
        proven: bool,
    }
    left_out: LeftOut
}

row! {
    /// One fact of a schema.
    Fact {
        kind: String,
        ident: String,
        value: Option<String>,
        /// The SQL that brings it.
        make: Option<String>,
        /// The SQL that takes it back.
        undo: Option<String>,
    }
}

table! {
    /// The schema as the engine itself describes it.
    Snapshot {
        fingerprint: String,
        engine: String,
        version: Option<String>,
        /// Statements that make the schema in an empty database.
        sql: String,
    }
    facts: Fact
}

row! {
    /// One fact of the declared schema that was missing.
    Reconciled {
        /// `added`, `missing`, `left`
        done: String,
        kind: String,
        ident: String,
        sql: Option<String>,
        reason: Option<String>,
    }
}

table! {
    /// What of the declared schema was missing.
    Reconciliation {
        changed: bool,
        missing: u64,
        left: u64,
    }
    facts: Reconciled
}

impl Reconciliation {
    /// Nothing is missing any more that could be added.
    pub fn ok(&self) -> bool {
        self.missing == 0
    }
}

row! {
    /// A node or an edge of a graph.
    GraphPart {
        /// `node`, `edge`
        kind: String,
        from: String,
        /// What it needs; none of a node.
        to: Option<String>,
        label: Option<String>,
        /// No other migration needs it.
        head: Option<bool>,
    }
}

table! {
    /// Who needs whom.
    Graph {
        nodes: u64,
        edges: u64,
        /// 0 where there is one line.
        heads: u64,
        /// The line with which a new migration joins the heads.
        merge: Option<String>,
        by: Option<String>,
        dot: String,
        mermaid: String,
        text: String,
    }
    parts: GraphPart
}

row! {
    /// A backup.
    Backup {
        file: String,
        at: SystemTime,
        bytes: u64,
        /// The migration before which it was made.
        id: Option<String>,
        verified: bool,
        /// Some tables; none: all.
        tables: Option<String>,
    }
}

row! {
    /// An option of the library.
    OptionInfo {
        key: String,
        /// `text`, `word`, `duration`, `number`, `size`, `truth`
        kind: String = "type",
        default: Option<String>,
        /// Of a word, separated by `|`.
        values: Option<String>,
        /// Not to be shown.
        secret: bool,
        since: Option<String>,
        help: String,
        /// Its variable.
        environment: String,
    }
}
