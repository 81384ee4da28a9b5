// SPDX-License-Identifier: MIT

package libmigrate

import "time"

// What calls give back: a field for each value and column of the library's tables. Nothing is "", 0 or false. json.Marshal writes what has
// rows in the library's own words.

// Report is what a run did.
type Report struct {
	table
	Changed    bool   `migrate:"changed"`
	From       string `migrate:"from"` // the last applied id before it, "" if there was none
	To         string `migrate:"to"`   // and after it
	Applied    []string
	RolledBack []string
	Waited     time.Duration `migrate:"waited_us"`
	Pending    int           `migrate:"pending"`
	Run        string        `migrate:"run"`
	Backup     string        `migrate:"backup"` // the file with what was there before
	Steps      []Done        `migrate:"rows"`
	Stopped    bool          // it ended early, at a safe point; a new run goes on
}

// Done is one step that a run did.
type Done struct {
	ID        string        `migrate:"id"`
	Name      string        `migrate:"name"`
	Kind      string        `migrate:"kind"`
	Direction string        `migrate:"direction"`
	Action    string        `migrate:"action"`
	Duration  time.Duration `migrate:"duration_us"`
	Event     string        `migrate:"event"`
	Down      string        `migrate:"down"`
}

// Step is one step of a plan.
type Step struct {
	Number      int    `migrate:"number"`
	ID          string `migrate:"id"`
	Name        string `migrate:"name"`
	Kind        string `migrate:"kind"`
	Direction   string `migrate:"direction"` // up, down
	Action      string `migrate:"action"`    // run, schema, record
	File        string `migrate:"file"`
	Transaction string `migrate:"transaction"` // own, shared, several, none
	Reversible  string `migrate:"reversible"`  // source, stored, no
	Stored      bool   `migrate:"stored"`
	Checksum    string `migrate:"checksum"`
	Breaking    bool   `migrate:"breaking"`
	Segments    int    `migrate:"segments"` // 1: all or nothing
}

// Finding is something that is wrong with a migration, or will be when it runs.
type Finding struct {
	Rule     string `migrate:"rule"`
	Name     string `migrate:"name"`
	Severity string `migrate:"severity"` // error, warning, info
	ID       string `migrate:"id"`
	File     string `migrate:"file"`
	Line     int    `migrate:"line"`
	Column   int    `migrate:"column"`
	Message  string `migrate:"message"`
	Hint     string `migrate:"hint"`
	Other    string `migrate:"other"`
	Guess    bool   `migrate:"guess"`
}

// Check is what a check found.
type Check struct {
	table
	Findings []Finding `migrate:"rows"`
	Count    int       `migrate:"count"`
	Errors   int       `migrate:"errors"`
	Warnings int       `migrate:"warnings"`
	Infos    int       `migrate:"infos"`
	Ignored  int       `migrate:"ignored"`
	By       string    `migrate:"by"`
	Reason   string    `migrate:"reason"`
	Order    string    `migrate:"order"`
	Engine   string    `migrate:"engine"`
}

// OK tells that no finding is an error.
func (c *Check) OK() bool { return c.Errors == 0 }

// Rule is one rule of Check.
type Rule struct {
	Rule     string `migrate:"rule"`
	Name     string `migrate:"name"`
	Severity string `migrate:"severity"`
	Summary  string `migrate:"summary"`
}

// Status is where the database is.
type Status struct {
	table
	State      string            `migrate:"state"` // current, pending, ahead, diverged, unmanaged
	Applied    int               `migrate:"applied"`
	Pending    int               `migrate:"pending"`
	At         string            `migrate:"at"`   // the last applied id
	Next       string            `migrate:"next"` // the first pending one
	Engine     string            `migrate:"engine"`
	Protected  bool              `migrate:"protected"`
	Confirm    string            `migrate:"confirm"`
	Database   string            `migrate:"database"`
	Late       int               `migrate:"late"`
	Modified   int               `migrate:"modified"`
	Missing    int               `migrate:"missing"`
	Renamed    int               `migrate:"renamed"`
	Ahead      int               `migrate:"ahead"`
	Migrations []MigrationStatus `migrate:"rows"`
}

// MigrationStatus is one migration of the source or of the history.
type MigrationStatus struct {
	ID               string        `migrate:"id"`
	Name             string        `migrate:"name"`
	Kind             string        `migrate:"kind"`
	State            string        `migrate:"state"` // applied, pending, late, modified, missing, renamed, ahead
	At               time.Time     `migrate:"at"`
	Duration         time.Duration `migrate:"duration_us"`
	Actor            string        `migrate:"actor"`
	File             string        `migrate:"file"`
	Reversible       string        `migrate:"reversible"`
	Checksum         string        `migrate:"checksum"`
	RecordedChecksum string        `migrate:"recorded_checksum"`
	Note             string        `migrate:"note"`
	Breaking         bool          `migrate:"breaking"`
}

// History is what happened, the oldest first.
type History struct {
	table
	State  string         `migrate:"state"`
	Count  int            `migrate:"count"`
	Events []HistoryEvent `migrate:"rows"`
}

// HistoryEvent is one row of the history.
type HistoryEvent struct {
	Seq         int64         `migrate:"seq"`
	Event       string        `migrate:"event"`
	Effect      string        `migrate:"effect"`
	Kind        string        `migrate:"kind"`
	ID          string        `migrate:"id"`
	Name        string        `migrate:"name"`
	At          time.Time     `migrate:"at"`
	Duration    time.Duration `migrate:"duration_us"`
	Run         string        `migrate:"run"`
	DBUser      string        `migrate:"db_user"`
	Actor       string        `migrate:"actor"`
	Host        string        `migrate:"host"`
	Application string        `migrate:"application"`
	Library     string        `migrate:"library"`
	Reason      string        `migrate:"reason"`
	Error       string        `migrate:"error"`
	Checksum    string        `migrate:"checksum"`
	Statement   int           `migrate:"statement"`
	Breaking    bool          `migrate:"breaking"`
	Fingerprint string        `migrate:"fingerprint"`
}

// Verification is whether the rollback texts lead back.
type Verification struct {
	table
	Count      int        `migrate:"count"`
	Good       int        `migrate:"good"`
	Bad        int        `migrate:"bad"`
	Untried    int        `migrate:"untried"`
	Migrations []Verified `migrate:"rows"`
}

// OK tells that none is bad.
func (v *Verification) OK() bool { return v.Bad == 0 }

// Verified is what up, down and up of one migration led to.
type Verified struct {
	ID     string `migrate:"id"`
	Down   string `migrate:"down"`   // source, generated, none
	Result string `migrate:"result"` // exact, order, data, differs, fails, refused, up, untried
	Detail string `migrate:"detail"`
	File   string `migrate:"file"`
	Line   int    `migrate:"line"`
	Column int    `migrate:"column"`
}

// Rehearsal is what a plan would do, run for real and rolled back.
type Rehearsal struct {
	table
	Count      int           `migrate:"count"`
	NotRun     int           `migrate:"not_run"`
	Duration   time.Duration `migrate:"duration_us"`
	Identical  bool          `migrate:"identical"`
	Differs    string        `migrate:"differs"`
	Left       string        `migrate:"left"`
	Engine     string        `migrate:"engine"`
	Statements []Rehearsed   `migrate:"rows"`
}

// Rehearsed is one statement of a rehearsal.
type Rehearsed struct {
	ID        string        `migrate:"id"`
	Statement int           `migrate:"statement"`
	SQL       string        `migrate:"sql"`
	File      string        `migrate:"file"`
	Line      int           `migrate:"line"`
	Where     string        `migrate:"where"` // database, scratch
	Duration  time.Duration `migrate:"duration_us"`
	Lock      string        `migrate:"lock"`
	Locked    string        `migrate:"locked"`
	Rewritten string        `migrate:"rewritten"`
	Scanned   string        `migrate:"scanned"`
	Rows      int64         `migrate:"rows"`
	Reason    string        `migrate:"reason"`
}

// Drift is how the schema differs from what the migrations made.
type Drift struct {
	table
	By          string       `migrate:"by"`
	Expected    string       `migrate:"expected"`
	Actual      string       `migrate:"actual"`
	Count       int          `migrate:"count"`
	ColumnOrder bool         `migrate:"column_order"`
	Restore     string       `migrate:"restore"` // SQL
	Adopt       string       `migrate:"adopt"`   // SQL
	Proven      bool         `migrate:"proven"`
	Differences []Difference `migrate:"rows"`
}

// OK tells that nothing differs.
func (d *Drift) OK() bool { return len(d.Differences) == 0 }

// Difference is one fact that is not as it should be.
type Difference struct {
	Difference string `migrate:"difference"` // added, removed, changed, renamed
	Kind       string `migrate:"kind"`
	Ident      string `migrate:"ident"`
	Expected   string `migrate:"expected"`
	Actual     string `migrate:"actual"`
	Restore    string `migrate:"restore"`
	Adopt      string `migrate:"adopt"`
	With       string `migrate:"with"`
	Note       string `migrate:"note"`
}

// Generated is a migration that leads to another schema.
type Generated struct {
	table
	Differs     bool      // there is anything to change
	Up          string    `migrate:"up"`
	Down        string    `migrate:"down"`
	DownRefused string    `migrate:"down_refused"`
	Changes     int       `migrate:"changes"`
	Proven      bool      `migrate:"proven"`
	DownProven  bool      `migrate:"down_proven"`
	ColumnOrder bool      `migrate:"column_order"`
	Loses       bool      `migrate:"loses"`
	From        string    `migrate:"from"`
	LeftOut     []LeftOut `migrate:"rows"`
}

// LeftOut is what a generated migration does not bring, and why.
type LeftOut struct {
	Kind   string `migrate:"kind"`
	Ident  string `migrate:"ident"`
	Reason string `migrate:"reason"`
}

// GeneratedDown is the rollback text of one migration; Down is "" where it would lie, and Refused says why.
type GeneratedDown struct {
	table
	ID      string `migrate:"id"`
	File    string `migrate:"file"`
	Down    string `migrate:"down"`
	Refused string `migrate:"refused"`
	Proven  bool   `migrate:"proven"`
}

// Snapshot is the schema: as facts, and as SQL that makes it in an empty database.
type Snapshot struct {
	table
	Fingerprint string `migrate:"fingerprint"`
	Engine      string `migrate:"engine"`
	Version     string `migrate:"version"`
	SQL         string `migrate:"sql"`
	Facts       []Fact `migrate:"rows"`
}

// Fact is one fact of a schema.
type Fact struct {
	Kind  string `migrate:"kind"`
	Ident string `migrate:"ident"`
	Value string `migrate:"value"`
	Make  string `migrate:"make"`
	Undo  string `migrate:"undo"`
}

// Reconciliation is what of the declared schema was missing.
type Reconciliation struct {
	table
	Changed bool         `migrate:"changed"`
	Missing int          `migrate:"missing"`
	Left    int          `migrate:"left"`
	Facts   []Reconciled `migrate:"rows"`
}

// OK tells that nothing is missing any more. What is left is there, and is not wanted or cannot be added.
func (r *Reconciliation) OK() bool { return r.Missing == 0 }

// Reconciled is one fact that was missing.
type Reconciled struct {
	Done   string `migrate:"done"` // added, missing, left
	Kind   string `migrate:"kind"`
	Ident  string `migrate:"ident"`
	SQL    string `migrate:"sql"`
	Reason string `migrate:"reason"`
}

// Graph is who needs whom.
type Graph struct {
	table
	Nodes   int         `migrate:"nodes"`
	Edges   int         `migrate:"edges"`
	Heads   int         `migrate:"heads"`
	Merge   string      `migrate:"merge"`
	By      string      `migrate:"by"`
	Dot     string      `migrate:"dot"`
	Mermaid string      `migrate:"mermaid"`
	Text    string      `migrate:"text"`
	Parts   []GraphPart `migrate:"rows"`
}

// GraphPart is a node, or an edge from one to another.
type GraphPart struct {
	Kind  string `migrate:"kind"` // node, edge
	From  string `migrate:"from"`
	To    string `migrate:"to"`
	Label string `migrate:"label"`
	Head  bool   `migrate:"head"`
}

// Backups are the backups of a database, the newest first.
type Backups struct {
	table
	Count int          `migrate:"count"`
	Files []BackupFile `migrate:"rows"`
}

// BackupFile is one of them.
type BackupFile struct {
	File     string    `migrate:"file"`
	At       time.Time `migrate:"at"`
	Bytes    int64     `migrate:"bytes"`
	ID       string    `migrate:"id"` // of the migration before which it was made
	Verified bool      `migrate:"verified"`
	Tables   string    `migrate:"tables"` // "": all
}
