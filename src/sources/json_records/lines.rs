//! JSON Lines.

use std::io::{BufRead, Read};

use super::document::read_values;
use super::error::{JsonRecordsError, UnreadableRecord};
use super::position::Position;
use super::window::Window;
use super::{Output, Sizes};

/// Reads the JSON values of each line. A line that is malformed costs that line.
///
/// # Errors
/// The content cannot be read.
pub(super) fn read_lines<F>(
    content: &mut impl BufRead,
    sizes: Sizes,
    output: &mut Output<'_, F>,
) -> Result<(), JsonRecordsError>
where
    F: FnMut(Result<&str, UnreadableRecord>),
{
    let mut buffer = Vec::new();
    for number in 1.. {
        let failed = |source| JsonRecordsError::Line { number, source };
        if content.fill_buf().map_err(failed)?.is_empty() {
            break;
        }
        let line = Line {
            content: &mut *content,
            has_ended: false,
        };
        let mut window = Window::new(buffer, line, Position::start_of(number), sizes);
        if window.next_byte().is_some() {
            match read_values(&mut window, output) {
                Ok(()) => {}
                Err(JsonRecordsError::Syntax {
                    problem, position, ..
                }) => {
                    // The end of a truncated line is the start of the next one.
                    let problem = if position.line == number {
                        format!("{problem} at column {}", position.column)
                    } else {
                        problem
                    };
                    (output.on_record)(Err(UnreadableRecord::Line { number, problem }));
                }
                Err(JsonRecordsError::Read(source)) => return Err(failed(source)),
                Err(error) => return Err(error),
            }
        }
        let (memory, mut line) = window.into_parts();
        std::io::copy(&mut line, &mut std::io::sink()).map_err(failed)?;
        buffer = memory;
    }
    Ok(())
}

/// The rest of a line, with its line break.
struct Line<'a, R> {
    content: &'a mut R,
    has_ended: bool,
}

impl<R: BufRead> Read for Line<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.has_ended {
            return Ok(0);
        }
        let available = self.content.fill_buf()?;
        let line_end = available.iter().position(|byte| *byte == b'\n');
        let in_line = line_end.map_or(available.len(), |index| index + 1);
        let count = in_line.min(buffer.len());
        let (Some(from), Some(to)) = (available.get(..count), buffer.get_mut(..count)) else {
            return Ok(0);
        };
        to.copy_from_slice(from);
        self.has_ended = line_end.is_some() && count == in_line;
        self.content.consume(count);
        Ok(count)
    }
}
