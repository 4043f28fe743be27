//! Text → [`Expression`]: a scanner that knows where it stands, and one function a rule of the grammar.

use super::{DEEPEST, Expression, Field, FilterError, LONGEST_BYTES, Operator, Value};

/// Reads all of `text`.
pub(super) fn expression(text: &str) -> Result<Expression, FilterError> {
    if text.len() > LONGEST_BYTES {
        return Err(FilterError::Long);
    }
    let mut parser = Parser { text, at: 0, depth: 0 };
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
}

impl<'a> Parser<'a> {
    fn any(&mut self) -> Result<Expression, FilterError> {
        let first = self.all()?;
        let mut parts = vec![first];
        while self.takes_word("or") {
            parts.push(self.all()?);
        }
        Ok(joined(parts, Expression::Any))
    }

    fn all(&mut self) -> Result<Expression, FilterError> {
        let first = self.one()?;
        let mut parts = vec![first];
        while self.takes_word("and") {
            parts.push(self.one()?);
        }
        Ok(joined(parts, Expression::All))
    }

    fn one(&mut self) -> Result<Expression, FilterError> {
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
                self.advance();
                self.test(Field::named(name))
            }
            _ => Err(self.unexpected("a field")),
        }
    }

    fn test(&mut self, field: Field) -> Result<Expression, FilterError> {
        let negated = self.takes_word("not");
        if self.takes_word("in") {
            let within = Expression::In(field, self.values()?);
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
            Token::Symbol(")") | Token::Word(_) | Token::End => return Ok(Expression::Is(field)),
            _ => return Err(self.unexpected("an operator")),
        };
        self.advance();
        Ok(Expression::Compare(field, operator, self.value()?))
    }

    fn values(&mut self) -> Result<Vec<Value>, FilterError> {
        self.expect("(", "`(`")?;
        let mut values = vec![self.value()?];
        while self.peek() == Token::Symbol(",") {
            self.advance();
            values.push(self.value()?);
        }
        self.expect(")", "`,` or `)`")?;
        Ok(values)
    }

    fn value(&mut self) -> Result<Value, FilterError> {
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

    fn unquoted(&self, quoted: &str) -> Result<String, FilterError> {
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
        Err(FilterError::Unexpected { expected: "a closing quote", at: self.text.chars().count() + 1, found: "the end".to_owned() })
    }

    fn deeper(&mut self, read: impl FnOnce(&mut Self) -> Result<Expression, FilterError>) -> Result<Expression, FilterError> {
        if self.depth == DEEPEST {
            return Err(FilterError::Deep { at: self.column() });
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

    fn expect(&mut self, symbol: &str, expected: &'static str) -> Result<(), FilterError> {
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

    fn unexpected(&self, expected: &'static str) -> FilterError {
        let found = match self.peek() {
            Token::End => "the end".to_owned(),
            token => format!("`{}`", token.text().chars().take(40).collect::<String>()),
        };
        FilterError::Unexpected { expected, at: self.column(), found }
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
fn joined(mut parts: Vec<Expression>, join: fn(Vec<Expression>) -> Expression) -> Expression {
    match (parts.len(), parts.pop()) {
        (1, Some(only)) => only,
        (_, Some(last)) => {
            parts.push(last);
            join(parts)
        }
        (_, None) => join(parts),
    }
}
