//! The edges between resources that policies create, one module per kind of edge.

pub(super) mod assume_role;
pub(super) mod data_access;

use super::statement::Statement;

/// Returns whether a decision about any edge depends on the statement.
pub(super) fn is_relevant(statement: &Statement) -> bool {
    assume_role::is_relevant(statement) || data_access::is_relevant(statement)
}
