//! Text → [`Expression`]: a scanner that knows where it stands, and one function a rule of the grammar.

use super::{Expression, Operator, Value};

/// The longest text, in bytes.
pub const LONGEST_BYTES: usize = 2_000;
/// How deep parentheses and `not` may nest.
pub const DEEPEST: usize = 16;

/// Why a text is no expression: where, and what would have been right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SyntaxError {
    /// Longer than [`LONGEST_BYTES`].
    #[error("the {0} is longer than 2000 bytes")]
    Long(&'static str),
    /// Nested deeper than [`DEEPEST`].
    #[error("the {of} nests deeper than 16 levels at character {at}")]
    Deep {
        /// What the text should have been.
        of: &'static str,
        /// Counted from 1.
        at: usize,
    },
    /// Something else was expected.
    #[error("expected {expected} at character {at} of the {of}, found {found}")]
    Unexpected {
        /// What the text should have been.
        of: &'static str,
        /// What would have been right.
        expected: &'static str,
        /// Counted from 1.
        at: usize,
        /// What is there.
        found: String,
    },
    /// Well formed, but nothing of that kind can be tested.
    #[error("at character {at} of the {of}: {why}")]
    Meaning {
        /// What the text should have been.
        of: &'static str,
        /// Counted from 1.
        at: usize,
        /// What is wrong, and what to write instead.
        why: String,
    },
}

/// What a language tests. The grammar is the same for all; the words are each language's own.
pub(crate) trait Operand: Sized {
    /// What its texts are called in errors.
    const LANGUAGE: &'static str;

    /// The operand called `name`. The error says what to write instead.
    fn named(name: &str) -> Result<Self, String>;

    /// Whether `name` is followed by arguments in parentheses.
    fn takes_arguments(_name: &str) -> bool {
        false
    }

    /// The operand called `name` with arguments, parted by commas; each is of one word or more.
    fn called(name: &str, _arguments: &[Vec<Argument>]) -> Result<Self, String> {
        Self::named(name)
    }

    /// Whether comparing it with `value` can mean anything.
    fn check(&self, _value: &Value) -> Result<(), String> {
        Ok(())
    }
}

/// A word of an argument.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Argument {
    Word(String),
    Text(String),
    /// A number with its unit: `7d`, `36 hours`.
    Amount(f64, String),
}

/// Reads all of `text`.
pub(crate) fn expression<T: Operand>(text: &str) -> Result<Expression<T>, SyntaxError> {
    if text.len() > LONGEST_BYTES {
        return Err(SyntaxError::Long(T::LANGUAGE));
    }
    let mut parser = Parser { text, at: 0, depth: 0, of: T::LANGUAGE };
    let expression = parser.any()?;
    match parser.peek() {
        Token::End => Ok(expression),
        _ => Err(parser.unexpected("`and`, `or` or the end")),
    }
}

/// The next piece of text, not yet interpreted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token<'a> {
    Word(&'a str),
    Number(&'a str),
    /// With its quotes; without the second one where that is missing.
    Quoted(&'a str),
    Symbol(&'a str),
    End,
}

struct Parser<'a> {
    text: &'a str,
    /// In bytes; always between two characters.
    at: usize,
    depth: usize,
    /// What the text should be.
    of: &'static str,
}

impl<'a> Parser<'a> {
    fn any<T: Operand>(&mut self) -> Result<Expression<T>, SyntaxError> {
        let first = self.all()?;
        let mut parts = vec![first];
        while self.takes_word("or") {
            parts.push(self.all()?);
        }
        Ok(joined(parts, Expression::Any))
    }

    fn all<T: Operand>(&mut self) -> Result<Expression<T>, SyntaxError> {
        let first = self.one()?;
        let mut parts = vec![first];
        while self.takes_word("and") {
            parts.push(self.one()?);
        }
        Ok(joined(parts, Expression::All))
    }

    fn one<T: Operand>(&mut self) -> Result<Expression<T>, SyntaxError> {
        if self.takes_word("not") {
            return self.deeper(|parser| Ok(Expression::Not(Box::new(parser.one()?))));
        }
        if self.peek() == Token::Symbol("(") {
            return self.deeper(|parser| {
                parser.advance();
                let inner = parser.any()?;
                parser.expect(")", "`)`")?;
                Ok(inner)
            });
        }
        match self.peek() {
            Token::Word(name) if !is_reserved(name) => {
                let at = self.column();
                self.advance();
                let operand = self.operand(name, at)?;
                self.test(operand)
            }
            _ => Err(self.unexpected("a field")),
        }
    }

    /// The operand called `name`, which stood at character `at`, with its arguments where it takes some.
    fn operand<T: Operand>(&mut self, name: &str, at: usize) -> Result<T, SyntaxError> {
        let operand = if T::takes_arguments(name) { T::called(name, &self.arguments()?) } else { T::named(name) };
        operand.map_err(|why| self.meaning(at, why))
    }

    fn arguments(&mut self) -> Result<Vec<Vec<Argument>>, SyntaxError> {
        self.expect("(", "`(`")?;
        let mut arguments = vec![vec![self.argument()?]];
        loop {
            match self.peek() {
                Token::Symbol(")") => {
                    self.advance();
                    return Ok(arguments);
                }
                Token::Symbol(",") => {
                    self.advance();
                    arguments.push(vec![self.argument()?]);
                }
                _ => {
                    let more = self.argument()?;
                    arguments.last_mut().into_iter().for_each(|words| words.push(more.clone()));
                }
            }
        }
    }

    fn argument(&mut self) -> Result<Argument, SyntaxError> {
        let argument = match self.peek() {
            Token::Quoted(quoted) => Argument::Text(self.unquoted(quoted)?),
            Token::Word(word) => Argument::Word(word.to_owned()),
            Token::Number(digits) => {
                let number = digits.parse().map_err(|_| self.unexpected("a number"))?;
                self.advance();
                let Token::Word(unit) = self.peek() else { return Err(self.unexpected("a unit of time, as in `7d` or `36 hours`")) };
                Argument::Amount(number, unit.to_owned())
            }
            _ => return Err(self.unexpected("a word, a text in quotes, or a time such as `7d`")),
        };
        self.advance();
        Ok(argument)
    }

    fn test<T: Operand>(&mut self, field: T) -> Result<Expression<T>, SyntaxError> {
        let negated = self.takes_word("not");
        if self.takes_word("in") {
            let values = self.values(&field)?;
            let within = Expression::In(field, values);
            return Ok(if negated { Expression::Not(Box::new(within)) } else { within });
        }
        let operator = match self.peek() {
            _ if negated => return Err(self.unexpected("`in`")),
            Token::Symbol("=" | "==") => Operator::Equal,
            Token::Symbol("!=") => Operator::Unequal,
            Token::Symbol("<") => Operator::Less,
            Token::Symbol("<=") => Operator::AtMost,
            Token::Symbol(">") => Operator::Greater,
            Token::Symbol(">=") => Operator::AtLeast,
            Token::Symbol(")") | Token::Word(_) | Token::End => return self.truth(field),
            _ => return Err(self.unexpected("an operator")),
        };
        self.advance();
        let value = self.value_for(&field)?;
        Ok(Expression::Compare(field, operator, value))
    }

    /// An operand that stands alone is asked whether it is true.
    fn truth<T: Operand>(&self, operand: T) -> Result<Expression<T>, SyntaxError> {
        match operand.check(&Value::Truth(true)) {
            Ok(()) => Ok(Expression::Is(operand)),
            Err(_) => Err(self.unexpected("an operator such as `=` or `>=`")),
        }
    }

    fn values<T: Operand>(&mut self, operand: &T) -> Result<Vec<Value>, SyntaxError> {
        self.expect("(", "`(`")?;
        let mut values = vec![self.value_for(operand)?];
        while self.peek() == Token::Symbol(",") {
            self.advance();
            values.push(self.value_for(operand)?);
        }
        self.expect(")", "`,` or `)`")?;
        Ok(values)
    }

    fn value_for<T: Operand>(&mut self, operand: &T) -> Result<Value, SyntaxError> {
        let at = self.column();
        let value = self.value()?;
        operand.check(&value).map_err(|why| self.meaning(at, why))?;
        Ok(value)
    }

    fn value(&mut self) -> Result<Value, SyntaxError> {
        let value = match self.peek() {
            Token::Quoted(quoted) => Value::Text(self.unquoted(quoted)?),
            Token::Number(digits) => Value::Number(digits.parse().map_err(|_| self.unexpected("a number"))?),
            Token::Word("true") => Value::Truth(true),
            Token::Word("false") => Value::Truth(false),
            _ => return Err(self.unexpected("a value")),
        };
        self.advance();
        Ok(value)
    }

    fn unquoted(&self, quoted: &str) -> Result<String, SyntaxError> {
        let mut characters = quoted.chars();
        let quote = characters.next();
        let mut text = String::with_capacity(quoted.len());
        while let Some(character) = characters.next() {
            match character {
                '\\' => text.extend(characters.next()),
                _ if Some(character) == quote => return Ok(text),
                _ => text.push(character),
            }
        }
        Err(SyntaxError::Unexpected {
            of: self.of,
            expected: "a closing quote",
            at: self.text.chars().count() + 1,
            found: "the end".to_owned(),
        })
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<Expression<T>, SyntaxError>) -> Result<Expression<T>, SyntaxError> {
        if self.depth == DEEPEST {
            return Err(SyntaxError::Deep { of: self.of, at: self.column() });
        }
        self.depth += 1;
        let expression = read(self);
        self.depth -= 1;
        expression
    }

    fn takes_word(&mut self, word: &str) -> bool {
        let takes = matches!(self.peek(), Token::Word(found) if found.eq_ignore_ascii_case(word));
        if takes {
            self.advance();
        }
        takes
    }

    fn expect(&mut self, symbol: &str, expected: &'static str) -> Result<(), SyntaxError> {
        if self.peek() != Token::Symbol(symbol) {
            return Err(self.unexpected(expected));
        }
        self.advance();
        Ok(())
    }

    fn advance(&mut self) {
        let (start, token) = self.scan();
        self.at = start + token.text().len();
    }

    fn peek(&self) -> Token<'a> {
        self.scan().1
    }

    /// Where the next token begins, in bytes, and the token.
    fn scan(&self) -> (usize, Token<'a>) {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let trimmed = rest.trim_start();
        let start = self.at + rest.len() - trimmed.len();
        let upto = |end: usize| trimmed.get(..end).unwrap_or(trimmed);
        let run = |is_part: fn(char) -> bool| upto(trimmed.find(|c| !is_part(c)).unwrap_or(trimmed.len()));
        let token = match trimmed.chars().next() {
            None => Token::End,
            Some(c) if c.is_alphabetic() || c == '_' => Token::Word(run(|c| c.is_alphanumeric() || c == '_' || c == '.')),
            Some(c) if c.is_ascii_digit() || c == '-' => Token::Number(run(|c| c.is_ascii_digit() || c == '.' || c == '-')),
            Some(quote @ ('"' | '\'')) => Token::Quoted(upto(closing(trimmed, quote))),
            Some('<' | '>' | '!' | '=') => Token::Symbol(run(|c| matches!(c, '<' | '>' | '!' | '='))),
            Some(c) => Token::Symbol(upto(c.len_utf8())),
        };
        (start, token)
    }

    /// The next token's place, in characters from 1.
    fn column(&self) -> usize {
        self.text.get(..self.scan().0).map_or(1, |before| before.chars().count() + 1)
    }

    const fn meaning(&self, at: usize, why: String) -> SyntaxError {
        SyntaxError::Meaning { of: self.of, at, why }
    }

    fn unexpected(&self, expected: &'static str) -> SyntaxError {
        let found = match self.peek() {
            Token::End => "the end".to_owned(),
            token => format!("`{}`", token.text().chars().take(40).collect::<String>()),
        };
        SyntaxError::Unexpected { of: self.of, expected, at: self.column(), found }
    }
}

impl<'a> Token<'a> {
    const fn text(self) -> &'a str {
        match self {
            Self::Word(text) | Self::Number(text) | Self::Quoted(text) | Self::Symbol(text) => text,
            Self::End => "",
        }
    }
}

/// One past the quote that closes `text`, or its end.
fn closing(text: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            _ if character == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

fn is_reserved(word: &str) -> bool {
    ["and", "or", "not", "in", "true", "false"].iter().any(|reserved| word.eq_ignore_ascii_case(reserved))
}

/// A list of one is that one.
fn joined<T>(mut parts: Vec<Expression<T>>, join: fn(Vec<Expression<T>>) -> Expression<T>) -> Expression<T> {
    match (parts.len(), parts.pop()) {
        (1, Some(only)) => only,
        (_, Some(last)) => {
            parts.push(last);
            join(parts)
        }
        (_, None) => join(parts),
    }
}
