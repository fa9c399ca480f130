//! What patterns cost, told before they are compiled, which cannot be stopped once it has begun.

use regex_syntax::ast::parse::Parser;
use regex_syntax::ast::{Ast, ClassSet, ClassSetItem, Flag, RepetitionKind, RepetitionRange};

/// The most bytes that are read while patterns are written as the engine knows them: for each `\d`, `\s`, `\w` or `\c`
/// of a pattern all of it once more.
const MOST_READ: usize = 4_000_000;
/// The most parts of all patterns, those that are counted written out.
const MOST_PARTS: usize = 20_000;
/// How many parts a class of Unicode comes to, such as `\p{L}`, before it is said of how many characters.
const UNICODE_CLASS: usize = 300;
/// How many parts a range beyond ASCII comes to, and whatever is not in a class.
const WIDE: usize = 6;
/// How many times the parts of a pattern are looked at when it tells no case.
const FOLDED: usize = 4;
/// What `\s` and the other classes are written out as, at most.
const LONGEST_CLASS: usize = 200;
/// Bytes that a part takes once it is compiled, in both directions.
const BYTES_OF_PART: usize = 200;
/// Bytes that are kept of a pattern while it is matched, in one direction.
pub const MOST_KEPT: usize = 64 * 1024;
/// Bytes that a pattern takes beside its parts.
const BYTES_OF_PATTERN: usize = 2 * MOST_KEPT + 20_000;

/// What the patterns of a schema come to.
#[derive(Default)]
pub struct Cost {
    read: usize,
    parts: usize,
    patterns: usize,
}

impl Cost {
    /// One pattern more. What cannot be read costs nothing: the compiler does not take it either.
    pub fn add(&mut self, pattern: &str) {
        self.patterns += 1;
        let escapes = pattern.matches('\\').count();
        self.read = self.read.saturating_add((escapes + 1) * (pattern.len() + escapes * LONGEST_CLASS));
        if self.read > MOST_READ {
            return;
        }
        let Ok(written) = jsonschema_regex::to_rust_regex(pattern) else { return };
        if let Ok(ast) = Parser::new().parse(&written) {
            let times = if tells_no_case(&ast) { FOLDED } else { 1 };
            self.parts = self.parts.saturating_add(parts(&ast).saturating_mul(times));
        }
    }

    /// Whether they are too much to be compiled.
    pub fn is_too_much(&self) -> bool {
        self.read > MOST_READ || self.parts > MOST_PARTS
    }

    /// About how many bytes they take, once they are compiled and matched.
    pub fn weight(&self) -> usize {
        self.patterns * BYTES_OF_PATTERN + self.parts * BYTES_OF_PART
    }
}

/// Whether a pattern has `(?i)` somewhere.
fn tells_no_case(ast: &Ast) -> bool {
    let said = |flags: &regex_syntax::ast::Flags| flags.flag_state(Flag::CaseInsensitive) == Some(true);
    match ast {
        Ast::Flags(set) => said(&set.flags),
        Ast::Group(group) => group.flags().is_some_and(said) || tells_no_case(&group.ast),
        Ast::Repetition(repetition) => tells_no_case(&repetition.ast),
        Ast::Alternation(either) => either.asts.iter().any(tells_no_case),
        Ast::Concat(one_after_the_other) => one_after_the_other.asts.iter().any(tells_no_case),
        _ => false,
    }
}

/// How many parts a pattern has once it is written out. It is not deep: the parser sees to that.
fn parts(ast: &Ast) -> usize {
    let all = |asts: &[Ast]| asts.iter().map(parts).fold(1, usize::saturating_add);
    match ast {
        Ast::Empty(_) | Ast::Flags(_) | Ast::Assertion(_) => 1,
        Ast::Literal(literal) => literal.c.len_utf8(),
        Ast::Dot(_) => WIDE,
        Ast::ClassUnicode(_) | Ast::ClassPerl(_) => UNICODE_CLASS,
        Ast::ClassBracketed(class) => of_set(&class.kind).saturating_add(if class.negated { WIDE } else { 1 }),
        Ast::Repetition(repetition) => parts(&repetition.ast).saturating_mul(times(&repetition.op.kind)),
        Ast::Group(group) => parts(&group.ast).saturating_add(1),
        Ast::Alternation(either) => all(&either.asts),
        Ast::Concat(one_after_the_other) => all(&one_after_the_other.asts),
    }
}

/// How many times what is repeated is written out.
fn times(kind: &RepetitionKind) -> usize {
    let most = match kind {
        RepetitionKind::Range(RepetitionRange::Exactly(most) | RepetitionRange::AtLeast(most)) => *most,
        RepetitionKind::Range(RepetitionRange::Bounded(_, most)) => *most,
        _ => 1,
    };
    most.max(1) as usize
}

fn of_set(set: &ClassSet) -> usize {
    match set {
        ClassSet::Item(item) => of_item(item),
        ClassSet::BinaryOp(operation) => of_set(&operation.lhs).saturating_add(of_set(&operation.rhs)),
    }
}

fn of_item(item: &ClassSetItem) -> usize {
    match item {
        ClassSetItem::Empty(_) | ClassSetItem::Ascii(_) => 1,
        ClassSetItem::Literal(literal) => literal.c.len_utf8(),
        ClassSetItem::Range(range) => {
            if range.end.c.is_ascii() {
                1
            } else {
                WIDE
            }
        }
        ClassSetItem::Unicode(_) | ClassSetItem::Perl(_) => UNICODE_CLASS,
        ClassSetItem::Bracketed(class) => of_set(&class.kind).saturating_add(if class.negated { WIDE } else { 1 }),
        ClassSetItem::Union(union) => union.items.iter().map(of_item).fold(1, usize::saturating_add),
    }
}
