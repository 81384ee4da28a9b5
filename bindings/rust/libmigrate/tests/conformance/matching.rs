// SPDX-License-Identifier: MIT
//! What is done to a case before it runs, and how an answer is held against what is expected.

use serde_json::{Map, Value};

/// The value under the engine in use, everywhere; `None`: there is none.
pub fn chosen(value: Value, engine: &str) -> Option<Value> {
    Some(match value {
        Value::Array(items) => Value::Array(items.into_iter().filter_map(|item| chosen(item, engine)).collect()),
        Value::Object(mut object) => {
            if !object.is_empty() && object.keys().all(|name| name == "sqlite" || name == "postgresql") {
                return chosen(object.remove(engine)?, engine);
            }
            Value::Object(object.into_iter().filter_map(|(name, item)| Some((name, chosen(item, engine)?))).collect())
        }
        other => other,
    })
}

/// Texts with something else in the place of some words.
pub fn replaced(value: Value, words: &[(&str, &str)]) -> Value {
    let in_text = |text: String| words.iter().fold(text, |text, (word, by)| text.replace(word, by));
    match value {
        Value::String(text) => Value::String(in_text(text)),
        Value::Array(items) => Value::Array(items.into_iter().map(|item| replaced(item, words)).collect()),
        Value::Object(object) => {
            Value::Object(object.into_iter().map(|(name, item)| (in_text(name), replaced(item, words))).collect())
        }
        other => other,
    }
}

type Outcome = Result<(), String>;

fn is_null(value: Option<&Value>) -> bool {
    value.is_none_or(Value::is_null)
}

/// The error says where they differ.
pub fn matches(actual: Option<&Value>, expected: &Value, at: &str) -> Outcome {
    let shown = || actual.map_or("nothing".to_owned(), Value::to_string);
    match expected {
        Value::Object(object) if object.len() == 1 && object.keys().all(|name| name.starts_with('$')) => {
            let (question, wanted) = object.iter().next().expect("one");
            match answers(actual, question, wanted, at)? {
                true => Ok(()),
                false => Err(format!("{at}: {} is not {expected}", shown())),
            }
        }
        Value::Object(object) => {
            let Some(Value::Object(own)) = actual else { return Err(format!("{at}: {} is no object", shown())) };
            object.iter().try_for_each(|(name, item)| {
                if item.is_null() && is_null(own.get(name)) {
                    Ok(())
                } else {
                    matches(own.get(name), item, &format!("{at}.{name}"))
                }
            })
        }
        Value::Array(items) => match actual {
            Some(Value::Array(own)) if own.len() == items.len() => {
                (0..items.len()).try_for_each(|n| matches(own.get(n), &items[n], &format!("{at}[{n}]")))
            }
            _ => Err(format!("{at}: {} is not {expected}", shown())),
        },
        _ if actual == Some(expected) || (expected.is_null() && actual.is_none()) => Ok(()),
        _ => Err(format!("{at}: {} is not {expected}", shown())),
    }
}

fn words_of(wanted: &Value) -> Result<Vec<&str>, String> {
    let words: Option<Vec<_>> = match wanted {
        Value::Array(words) => words.iter().map(Value::as_str).collect(),
        other => other.as_str().map(|word| vec![word]),
    };
    words.ok_or_else(|| format!("{wanted} are no words"))
}

fn answers(actual: Option<&Value>, question: &str, wanted: &Value, at: &str) -> Result<bool, String> {
    let text = actual.and_then(Value::as_str);
    let items = actual.and_then(Value::as_array);
    let some = |one: &Value| items.is_some_and(|items| items.iter().any(|item| matches(Some(item), one, "").is_ok()));
    let elements = || wanted.as_array().ok_or_else(|| format!("{at}: {wanted} is no array"));
    Ok(match question {
        "$contains" => {
            let words = words_of(wanted)?;
            text.is_some_and(|text| words.iter().all(|word| text.contains(word)))
        }
        "$lacks" => {
            let words = words_of(wanted)?;
            is_null(actual) || text.is_some_and(|text| !words.iter().any(|word| text.contains(word)))
        }
        "$present" => wanted.as_bool().ok_or_else(|| format!("{at}: {wanted} is no truth"))? != is_null(actual),
        "$includes" => items.is_some() && elements()?.iter().all(some),
        "$excludes" => items.is_some() && !elements()?.iter().any(some),
        "$count" => items.is_some_and(|items| wanted.as_u64() == Some(items.len() as u64)),
        "$least" => actual.and_then(Value::as_i64).zip(wanted.as_i64()).is_some_and(|(own, least)| own >= least),
        _ => return Err(format!("{at}: the runner does not know {question}")),
    })
}

/// A member of an object as text.
pub fn text<'v>(object: &'v Value, name: &str) -> Option<&'v str> {
    object.get(name).and_then(Value::as_str)
}

pub fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}
