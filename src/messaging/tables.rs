//! The tables of messaging that are read and written past the executor.

use crate::pg::column::{Column, Kind};
use crate::pg::definition::Definition;
use crate::pg::fields::table;

/// What messaging reads of a delivery beside the columns of every queue.
pub static OWN: [Column; 5] = [
    ("message_id", Kind::Int),
    ("channel", Kind::Text),
    ("user_id", Kind::Int),
    ("attempts_before", Kind::Int4),
    ("digest_key", Kind::Text),
];

/// Their places, after those of every queue.
pub mod own {
    pub const MESSAGE_ID: usize = 0;
    pub const CHANNEL: usize = 1;
    pub const USER_ID: usize = 2;
    pub const ATTEMPTS_BEFORE: usize = 3;
    pub const DIGEST_KEY: usize = 4;
}

/// The index of deliveries in lanes: what waits on one channel.
pub const LANES: &str = "(channel, priority, claimable_at, id) WHERE (claimable_at IS NOT NULL)";
/// The parts of a message.
pub const PARTS: &str = "(message_id, channel)";

pub static MESSAGES: Definition =
    Definition { schema: c"messaging", name: c"messages", columns: messages::ALL, checks: &[] };
pub static DELIVERY_STATUS: Definition =
    Definition { schema: c"messaging", name: c"delivery_status", columns: delivery_status::ALL, checks: &[] };
pub static PREFERENCES: Definition =
    Definition { schema: c"messaging", name: c"preferences", columns: preferences::ALL, checks: &[] };
pub static CANCEL_REQUESTS: Definition =
    Definition { schema: c"messaging", name: c"cancel_requests", columns: cancel_requests::ALL, checks: &[] };
pub static RATE_LIMITS: Definition =
    Definition { schema: c"messaging", name: c"rate_limits", columns: rate_limits::ALL, checks: &[] };
pub static SYSTEM_HEALTH: Definition =
    Definition { schema: c"messaging", name: c"system_health", columns: system_health::ALL, checks: &[] };
pub static CHANNEL_CONFIGS: Definition =
    Definition { schema: c"messaging", name: c"channel_configs", columns: channel_configs::ALL, checks: &[] };

table! {
    /// `messaging.messages`.
    pub mod messages: written {
        id: Int,
        status: Text,
        message_type: Text,
        priority: Text,
        recipient_id: Option<Text>,
        template_name: Option<Text>,
        content: Json,
        metadata: Option<Json>,
        user_id: Option<Int>,
        delivery: Text,
        expires_at: Option<Time>,
        processed_at: Option<Time>,
        locked_by: Option<Text>,
        locked_at: Option<Time>,
    }
}

table! {
    /// `messaging.delivery_status`.
    pub mod delivery_status: written {
        message_id: Int,
        channel: Text,
        status: Text,
        delivered_at: Option<Time>,
        response_time_ms: Option<Int4>,
        error_message: Option<Text>,
        external_id: Option<Text>,
        created_at: Time,
        attempt: Int4,
        user_id: Option<Int>,
        lease: Option<Uuid>,
    }
}

table! {
    /// `messaging.preferences`.
    pub mod preferences: read {
        enabled: Bool,
        quiet_from: Option<Clock>,
        quiet_to: Option<Clock>,
        timezone: Text,
    }
}

table! {
    /// `messaging.cancel_requests`.
    pub mod cancel_requests: read {
        message_id: Int,
    }
}

table! {
    /// `messaging.rate_limits`.
    pub mod rate_limits: written {
        user_id: Text,
        channel: Text,
        tokens: Amount,
        last_refill: Time,
        max_tokens: Int4,
        refill_rate: Int4,
        next_slot: Option<Time>,
        is_own: Bool,
    }
}

table! {
    /// `messaging.system_health`.
    pub mod system_health: read {
        failure_count: Int4,
        recovering: Bool,
        checked_at: Time,
    }
}

table! {
    /// `messaging.channel_configs`.
    pub mod channel_configs: read {
        enabled: Bool,
        rate_limit_per_minute: Int4,
        channel_limit_per_minute: Option<Int4>,
    }
}
