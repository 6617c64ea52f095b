package dev.ridgeline.residency;

/// A time that a piece is on the device, at one place. Times are numbers of ops; those past the
/// last op are of the next turn.
///
/// @param from first op during which its place is reserved: it may be fetched from then on
/// @param first op that uses it
/// @param last op that uses it, at least `first`
/// @param until op from which on its place may be another's; at most a turn after `from`
/// @param fetched whether the first use needs what it held before
/// @param stored whether it changes here and is needed after
record Stay(int piece, int from, int first, int last, int until, boolean fetched, boolean stored) {
    /// Whether it never leaves.
    boolean always(int turn) {
        return until - from >= turn;
    }

    /// Whether its place is its own during the op `number`.
    boolean holds(int number, int turn) {
        return Math.floorMod(number - from, turn) < until - from;
    }

    /// Whether both have places at some time.
    boolean meets(Stay other, int turn) {
        return Math.floorMod(other.from - from, turn) < until - from
                || Math.floorMod(from - other.from, turn) < other.until - other.from;
    }

    Stay reserved(int newFrom, int newUntil) {
        return new Stay(piece, newFrom, first, last, newUntil, fetched, stored);
    }
}
