// SPDX-License-Identifier: MIT
//! The crate's calls by the names that the cases have for them, and what they answer, as JSON.

use super::matching::{object, text};
use super::{Road, World};
use libmigrate::*;
use serde_json::{Map, Value, json};
use std::path::Path;
use std::sync::{Arc, Mutex};

/// A plan with the session that it was made in.
pub struct Kept {
    plan: Plan,
    migrator: Migrator<'static>,
    heard: Heard,
}

/// What the closure for events of a session looks at, and what it has heard.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<(Value, Vec<String>)>>);

impl Heard {
    fn hear(&self, event: &Event<'_>, token: &Token) {
        let (step, events) = &mut *self.0.lock().unwrap();
        events.push(event.name().to_owned());
        if event.name() != "step" || event.id().is_none() {
            return;
        }
        if event.id() == text(step, "cancel_at") {
            token.cancel();
        }
        if event.id() == text(step, "stop_at") {
            token.stop();
        }
    }
}

const TAKES: &[(&str, &[&str])] = &[
    ("open", &[]),
    ("plan", &["target"]),
    ("plan_findings", &["target"]),
    ("plan_sql", &["target"]),
    ("apply", &["planned", "target"]),
    ("rollback", &["target"]),
    ("startup", &[]),
    ("run", &["target"]),
    ("history", &[]),
    ("status", &[]),
    ("snapshot", &[]),
    ("diff", &[]),
    ("backup", &[]),
    ("backups", &[]),
    ("check", &["depth"]),
    ("check_files", &["depth"]),
    ("graph", &["of", "at"]),
    ("mark", &["as", "id", "reason"]),
    ("baseline", &["target", "reason"]),
    ("baseline_from_table", &["table", "column", "reason"]),
    ("rehearse", &["target"]),
    ("verify", &["target"]),
    ("generate", &["to"]),
    ("generate_down", &["id"]),
    ("reconcile", &["mode"]),
    ("protect", &["on", "reason"]),
    ("restore", &["file"]),
];
const INPUTS: &[&str] = &["do", "expect", "options", "url", "cancel_at", "stop_at"];

fn options(world: &World, step: &Value, heard: &Heard, token: &Token) -> Options<'static> {
    let mut settings = Map::new();
    settings.insert("wait_timeout".to_owned(), json!("10s"));
    settings.insert("dir".to_owned(), json!(world.dir.to_str()));
    if world.road == Road::Own && step["do"] != "check_files" && world.database.engine == Engine::Postgresql {
        // The postgres crate's connection makes no others: scratch databases come from a URL.
        settings.insert("shadow_url".to_owned(), json!(world.database.url));
    }
    for over in [world.case.get("options"), step.get("options")] {
        settings.extend(over.cloned().map(object).unwrap_or_default());
    }
    let mut made = Options::new().token(token).url(text(step, "url").unwrap_or(&world.database.url));
    if world.road == Road::Memory {
        settings.remove("dir");
        made = made.source(
            world
                .files
                .lock()
                .unwrap()
                .iter()
                .fold(Source::new(), |source, (path, text)| source.file(path.clone(), text.clone().into_bytes())),
        );
    }
    for (key, value) in settings {
        if let Some(value) = value.as_str() {
            made = made.set(key, value);
        }
    }
    let (heard, token) = (heard.clone(), token.clone());
    made.on_event(move |event| heard.hear(event, &token))
}

fn target(step: &Value) -> Target {
    text(step, "target").map_or(Target::Default, Target::from)
}

fn tagged(code: &str, json: &str) -> Value {
    let mut answer: Value = serde_json::from_str(json).unwrap_or_else(|error| panic!("{error}: {json}"));
    answer["code"] = json!(code);
    answer
}

fn report(report: &Report) -> Value {
    tagged(if report.stopped { "stopped" } else { "ok" }, &report.to_json())
}

fn rows(code: &str, jsons: impl Iterator<Item = String>) -> Value {
    tagged(code, &format!("{{\"rows\": [{}]}}", jsons.collect::<Vec<_>>().join(",")))
}

fn ok_or(fine: bool, code: &'static str) -> &'static str {
    if fine { "ok" } else { code }
}

fn aimed(migrator: &mut Migrator<'_>, step: &Value) -> Result<Option<Plan>> {
    step.get("target").and_then(Value::as_str).map(|target| migrator.plan(target)).transpose()
}

fn run(migrator: &mut Migrator<'_>, step: &Value) -> Result<Value> {
    let plan = aimed(migrator, step)?;
    let mut run = migrator.run(plan.as_ref())?;
    while run.step()? {}
    Ok(report(&run.end()?))
}

fn checked(check: &Check) -> Value {
    tagged(ok_or(check.ok(), "findings"), &check.to_json())
}

fn graph_of(word: Option<&str>) -> GraphOf {
    match word {
        None | Some("migrations") => GraphOf::Migrations,
        Some("declared") => GraphOf::Declared,
        Some("tables") => GraphOf::Tables,
        Some(other) => panic!("no such graph: {other}"),
    }
}

fn depth_of(word: Option<&str>) -> Depth {
    match word {
        None => Depth::Scratch,
        Some("source") => Depth::Source,
        Some("database") => Depth::Database,
        Some(other) => panic!("no such depth: {other}"),
    }
}

fn mark_of(word: &str) -> Mark {
    match word {
        "applied" => Mark::Applied,
        "forgotten" => Mark::Forgotten,
        "accept-checksum" => Mark::AcceptChecksum,
        "renamed" => Mark::Renamed,
        other => panic!("no such mark: {other}"),
    }
}

fn call(migrator: &mut Migrator<'_>, step: &Value) -> Result<Value> {
    let reason = text(step, "reason");
    Ok(match text(step, "do").expect("do") {
        "open" => json!({"code": "ok"}),
        "plan" => tagged("ok", &migrator.plan(target(step))?.to_json()),
        "plan_findings" => rows("ok", migrator.plan(target(step))?.findings()?.iter().map(Finding::to_json)),
        "plan_sql" => json!({"code": "ok", "sql": migrator.plan(target(step))?.sql()?}),
        "apply" if step.get("target").is_some() => report(&migrator.apply_to(target(step))?),
        "apply" => report(&migrator.apply()?),
        "rollback" => report(&migrator.rollback(target(step))?),
        "startup" => report(&migrator.startup()?),
        "run" => run(migrator, step)?,
        "history" => tagged("ok", &migrator.history()?.to_json()),
        "status" => tagged("ok", &migrator.status()?.to_json()),
        "snapshot" => tagged("ok", &migrator.snapshot()?.to_json()),
        "diff" => {
            let drift = migrator.diff()?;
            tagged(ok_or(drift.ok(), "differs"), &drift.to_json())
        }
        "backup" => rows("ok", std::iter::once(migrator.backup()?.to_json())),
        "backups" => {
            let all = migrator.backups()?;
            let mut answer = rows("ok", all.iter().map(Backup::to_json));
            answer["count"] = json!(all.len());
            answer
        }
        "check" | "check_files" => checked(&migrator.check(depth_of(text(step, "depth")))?),
        "graph" => tagged("ok", &migrator.graph(graph_of(text(step, "of")), text(step, "at"))?.to_json()),
        "mark" => report(&migrator.mark(mark_of(text(step, "as").expect("as")), text(step, "id"), reason.unwrap_or_default())?),
        "baseline" => report(&migrator.baseline(target(step), reason)?),
        "baseline_from_table" => {
            let (table, column) = (text(step, "table").expect("table"), text(step, "column").expect("column"));
            report(&migrator.baseline_from_table(table, column, reason)?)
        }
        "rehearse" => {
            let plan = aimed(migrator, step)?;
            tagged("ok", &migrator.rehearse(plan.as_ref())?.to_json())
        }
        "verify" => {
            let verification = migrator.verify(target(step))?;
            tagged(ok_or(verification.ok(), "differs"), &verification.to_json())
        }
        "generate" => {
            let generated = migrator.generate(text(step, "to"))?;
            tagged(ok_or(generated.changes == 0, "differs"), &generated.to_json())
        }
        "generate_down" => tagged("ok", &migrator.generate_down(text(step, "id").expect("id"))?.to_json()),
        "reconcile" => {
            let reconciliation = migrator.reconcile(text(step, "mode") == Some("apply"))?;
            tagged(ok_or(reconciliation.ok(), "differs"), &reconciliation.to_json())
        }
        "protect" => report(&migrator.protect(step["on"] == json!(true), reason.unwrap_or_default())?),
        "restore" => report(&migrator.restore(text(step, "file").map(Path::new))?),
        other => panic!("the runner does not know {other}"),
    })
}

/// On the road that the case goes, by the program's own connection for instance.
fn opened(world: &World, step: &Value, options: &Options<'static>) -> Result<Value> {
    if step["do"] == "check_files" {
        return call(&mut Migrator::open_files(Some(world.database.engine), options)?, step);
    }
    let own = world.road == Road::Own && text(step, "url").is_none();
    match world.database.engine {
        Engine::Sqlite if own => {
            let mut connection = world.database.sqlite();
            call(&mut Migrator::with_rusqlite(&mut connection, options)?, step)
        }
        Engine::Postgresql if own => {
            let mut client = world.database.client();
            call(&mut Migrator::with_postgres(&mut client, options)?, step)
        }
        _ if step["do"] == "startup" => Ok(report(&startup(options)?)),
        _ => call(&mut Migrator::open(options)?, step),
    }
}

/// The session stays open for a step `apply` with `planned`. (On an own connection, that is one more by URL.)
fn planned(world: &mut World, step: &Value, options: &Options<'static>, heard: &Heard) -> Result<Value> {
    let mut migrator = Migrator::open(options)?;
    let plan = migrator.plan(target(step))?;
    let answer = tagged("ok", &plan.to_json());
    world.kept = Some(Kept { plan, migrator, heard: heard.clone() });
    Ok(answer)
}

fn answer_of(error: &Error) -> Value {
    match error {
        Error::Pending(own) | Error::Stopped(own) => tagged(error.name(), &own.to_json()),
        _ => {
            let details = error.details().expect("all others have them");
            let mut own = json!({
                "name": details.name, "class": details.class.as_str(), "message": details.message, "detail": details.detail,
                "hint": details.hint, "id": details.id, "file": details.file, "line": details.line, "column": details.column,
                "statement": details.statement, "sqlstate": details.sqlstate, "driver_code": details.driver_code,
            });
            if let Some(file) = &details.file {
                own["place"] = json!(format!("{file}:{}:{}", details.line.unwrap_or(0), details.column.unwrap_or(0)));
            }
            json!({"code": error.name(), "error": own})
        }
    }
}

pub fn answer(world: &mut World, step: &Value) -> Result<Value, String> {
    let what = text(step, "do").ok_or("a step needs \"do\"")?;
    let takes = TAKES.iter().find(|(name, _)| *name == what).ok_or_else(|| format!("the runner does not know {what}"))?.1;
    let unknown = object(step.clone()).into_iter().find(|(name, _)| !INPUTS.contains(&&**name) && !takes.contains(&&**name));
    if let Some((name, _)) = unknown {
        return Err(format!("the runner does not know {name}"));
    }
    if what == "apply" && step["planned"] == json!(true) {
        let kept = world.kept.as_mut().ok_or("there is no plan before it")?;
        *kept.heard.0.lock().unwrap() = (step.clone(), Vec::new());
        let outcome = kept.migrator.apply_plan(&kept.plan);
        return Ok(with_events(outcome.map(|own| report(&own)), &kept.heard));
    }
    world.kept = None;
    let (heard, token) = (Heard::default(), Token::new());
    heard.0.lock().unwrap().0 = step.clone();
    let options = options(world, step, &heard, &token);
    let outcome = if what == "plan" && (world.road != Road::Own || world.needs_plan()) {
        planned(world, step, &options, &heard)
    } else {
        opened(world, step, &options)
    };
    Ok(with_events(outcome, &heard))
}

fn with_events(outcome: Result<Value>, heard: &Heard) -> Value {
    let mut answer = outcome.unwrap_or_else(|error| answer_of(&error));
    answer["events"] = json!(heard.0.lock().unwrap().1);
    answer
}
