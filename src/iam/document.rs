//! Policy documents.

use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::statement::{ParseStatementError, Statement};

/// The reason why a value is not an IAM policy document.
#[derive(Debug, thiserror::Error)]
pub enum ParsePolicyError {
    /// The document is a text that is not JSON.
    #[error("not an IAM policy document: it is not valid JSON")]
    Json(#[source] serde_json::Error),
    /// The document has no statements.
    #[error("not an IAM policy document: it has no `Statement`")]
    NoStatement,
    /// A statement lacks an element or has an invalid one.
    #[error("not an IAM policy document: statement {number} is invalid")]
    Statement {
        /// The number of the statement, from 1.
        number: usize,
        /// What is wrong with it.
        source: ParseStatementError,
    },
}

/// A policy document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicyDocument {
    /// The statements, in the order of the document.
    pub statements: Vec<Statement>,
}

impl PolicyDocument {
    /// Parses a document. It is an object, or a text with the JSON of one, which may be percent-encoded: IAM and AWS
    /// Config encode documents according to RFC 3986.
    ///
    /// # Errors
    ///
    /// Returns an error if the value is not a policy document.
    pub fn parse(value: &Value) -> Result<Self, ParsePolicyError> {
        let parsed;
        let document = match value {
            Value::String(text) => {
                parsed = parse_text(text).map_err(ParsePolicyError::Json)?;
                &parsed
            }
            _ => value,
        };
        let statements = match document.get("Statement") {
            Some(Value::Array(statements)) => statements.as_slice(),
            Some(statement @ Value::Object(_)) => std::slice::from_ref(statement),
            _ => return Err(ParsePolicyError::NoStatement),
        };
        // Source: IAM User Guide, "IAM JSON policy elements: Version". Without a version, it is 2008-10-17.
        let version = document.get("Version").and_then(Value::as_str);
        let has_variables = version == Some("2012-10-17");
        let statements = statements
            .iter()
            .zip(1..)
            .map(|(statement, number)| {
                Statement::parse(statement, number, has_variables)
                    .map_err(|source| ParsePolicyError::Statement { number, source })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { statements })
    }
}

/// Parses `{"Version":…` or `%7B%22Version%22…`.
fn parse_text(text: &str) -> serde_json::Result<Value> {
    if text.trim_start().starts_with('%') {
        serde_json::from_str(&percent_decode_str(text).decode_utf8_lossy())
    } else {
        serde_json::from_str(text)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn all_forms_of_a_document_are_parsed_alike() {
        let object = json!({"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}});
        let encoded = "%7B%22Statement%22%3A%20%5B%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%5B%22s3%3A*%22%5D%2C%22Resource%22%3A%22*%22%7D%5D%7D";
        let expected = PolicyDocument::parse(&object).unwrap();
        assert_eq!(expected.statements.len(), 1);
        for form in [json!(object.to_string()), json!(encoded)] {
            assert_eq!(PolicyDocument::parse(&form).unwrap(), expected, "{form}");
        }
    }

    #[test]
    fn other_values_are_refused() {
        for value in [
            json!(""),
            json!("%"),
            json!("{}"),
            json!(7),
            json!({"Statement": [{"Action": "*"}]}),
            json!({"Statement": [{"Effect": "Allow"}]}),
        ] {
            assert!(PolicyDocument::parse(&value).is_err(), "{value}");
        }
    }

    #[test]
    fn an_error_says_which_statement_is_invalid() {
        let valid = json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*"});
        let document = json!({"Statement": [valid, {"Effect": "allow"}]});
        let error = PolicyDocument::parse(&document).unwrap_err();
        insta::assert_snapshot!(error, @"not an IAM policy document: statement 2 is invalid");
        let source = std::error::Error::source(&error).unwrap();
        insta::assert_snapshot!(source, @"`Effect` is neither `Allow` nor `Deny`");
    }
}
