//! The words that columns of the exchange hold.

use matching::{CancelReason, MarketStatus, OrderType, SelfTrade, Side, Status, TimeInForce};

use crate::pg::fields::Words;

/// What leaving the price band of a market does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum BandAction {
    /// The order is refused.
    Refuse,
    /// The market is halted.
    Halt,
}

/// By which door logins without a trusted role trade in a market.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum MarketDoor {
    /// By every one.
    Any,
    /// Through the sequencer only.
    Sequencer,
}

impl Words for BandAction {
    fn parse(word: &str) -> Option<BandAction> {
        [BandAction::Refuse, BandAction::Halt].into_iter().find(|action| action.as_str() == word)
    }

    fn as_str(self) -> &'static str {
        match self {
            BandAction::Refuse => "refuse",
            BandAction::Halt => "halt",
        }
    }
}

impl Words for MarketDoor {
    fn parse(word: &str) -> Option<MarketDoor> {
        [MarketDoor::Any, MarketDoor::Sequencer].into_iter().find(|door| door.as_str() == word)
    }

    fn as_str(self) -> &'static str {
        match self {
            MarketDoor::Any => "any",
            MarketDoor::Sequencer => "sequencer",
        }
    }
}

/// The words of the core.
macro_rules! words_of_the_core {
    ($($name:ident),+) => {
        $(impl Words for $name {
            fn parse(word: &str) -> Option<$name> {
                $name::parse(word)
            }

            fn as_str(self) -> &'static str {
                $name::as_str(self)
            }
        })+
    };
}

words_of_the_core!(CancelReason, MarketStatus, OrderType, SelfTrade, Side, Status, TimeInForce);
