//! What the programs share: the lines that they print, and the vectors that they store.

use std::future::Future;

pub type Error = Box<dyn std::error::Error>;

/// Three rows and a query. No two distances by one operator are equal, and float16 holds every value.
pub const ROWS: [[f32; 3]; 3] = [[1.0, 2.0, 3.0], [3.0, 3.0, 3.0], [-1.0, 0.5, 4.0]];
pub const QUERY: [f32; 3] = [1.0, 1.0, 2.0];
pub const BITS: [[bool; 3]; 3] = [[true, false, true], [true, true, true], [false, false, false]];
pub const QUERY_BITS: [bool; 3] = [true, false, true];

/// The order of the rows by each operator, nearest first, and the distance of the nearest.
pub const ORDER: [(&str, [i32; 3], f64); 4] = [
    ("<->", [1, 3, 2], std::f64::consts::SQRT_2),
    ("<#>", [2, 1, 3], -12.0),
    ("<=>", [1, 2, 3], 0.01801949),
    ("<+>", [1, 3, 2], 2.0),
];
pub const BIT_OPERATORS: [&str; 2] = ["<~>", "<%>"];

/// Enough rows for an index. At this many dimensions hnsw keeps codes, unless told otherwise.
pub const DIMENSIONS: usize = 64;
pub const MANY: usize = 400;

pub fn many_row(i: usize) -> Vec<f32> {
    (0..DIMENSIONS)
        .map(|j| ((i * 7919 + j * 104729 + i * j * 31) % 1000) as f32 / 500.0 - 1.0)
        .collect()
}

pub fn scaled(row: &[f32]) -> Vec<f32> {
    row.iter().map(|x| 0.9 * x).collect()
}

pub fn same<T: PartialEq<U> + std::fmt::Debug, U: std::fmt::Debug>(found: T, expected: U) -> Result<(), Error> {
    if found == expected {
        Ok(())
    } else {
        Err(format!("{found:?} instead of {expected:?}").into())
    }
}

pub fn near(found: f64, expected: f64) -> Result<(), Error> {
    if (found - expected).abs() <= 1e-6 * expected.abs().max(1.0) {
        Ok(())
    } else {
        Err(format!("{found} instead of {expected}").into())
    }
}

/// An index must find nine of ten.
pub fn overlap(found: &[i32], expected: &[i32]) -> Result<(), Error> {
    let common = found.iter().filter(|id| expected.contains(id)).count();
    if found.len() == expected.len() && 10 * common >= 9 * expected.len() {
        Ok(())
    } else {
        Err(format!("found {found:?}, nearest are {expected:?}").into())
    }
}

pub fn uses_index(plan: &[String], index: &str) -> Result<(), Error> {
    if plan
        .iter()
        .any(|line| line.contains(&format!("Index Scan using {index} on")))
    {
        Ok(())
    } else {
        Err(format!("the plan does not use {index}: {plan:?}").into())
    }
}

pub fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"))
}

/// Prints a line for each check.
pub struct Client {
    name: &'static str,
    number: u32,
    failed: bool,
}

impl Client {
    /// `packages` as the registry calls them, the client itself first; Cargo.lock says which version was built in.
    pub fn new(name: &'static str, packages: &[&str]) -> Client {
        let lock = include_str!("../Cargo.lock");
        let versions: Vec<String> = packages
            .iter()
            .map(|package| {
                let entry = format!("name = \"{package}\"\nversion = \"");
                let version = lock.split_once(&entry).and_then(|(_, rest)| rest.split('"').next());
                format!("{package} {}", version.unwrap_or("?"))
            })
            .collect();
        println!("# client: {name} | {}", versions.join(", "));
        Client {
            name,
            number: 0,
            failed: false,
        }
    }

    pub async fn check(&mut self, what: &str, run: impl Future<Output = Result<(), Error>>) {
        self.number += 1;
        let verdict = match run.await {
            Ok(()) => "ok",
            Err(error) => {
                eprintln!("{error}");
                self.failed = true;
                "not ok"
            }
        };
        println!("{verdict} {} - {}: {what}", self.number, self.name);
    }

    pub fn finish(self) -> ! {
        std::process::exit(self.failed.into())
    }
}
