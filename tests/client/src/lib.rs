//! Helpers of the client tests.
