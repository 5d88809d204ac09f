//! The program as its users run it: the real binary, against files and against an AWS of our own.

mod aws;
mod catalog;
mod command_line;
mod daemon;
mod explaining;
mod faults;
mod findings;
mod fixing;
mod formats;
mod hard_input;
mod outside;
mod program;
mod publishing;
mod reconciling;
mod relations;
mod schedules;
mod sizing;
mod stories;
mod trouble;
