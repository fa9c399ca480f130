//! The functions of the schema `analytics` in the script of the extension, by name.
//!
//! An aggregate stands in one file with its functions, so the order of the files is nobody's concern; `bootstrap` comes
//! before all of them.
