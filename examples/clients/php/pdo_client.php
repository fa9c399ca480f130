<?php
// PDO. Where the server or the pooler is, and the login, say PGHOST, PGPORT, PGDATABASE and PGUSER.
const USER = 1; // who has logged in with the application
const MARKET = "BTC-USD";
const LOST = "/^(08|57P01|57P02|HY000)/"; // what SQLSTATEs of a lost connection begin with; HY000: nobody has answered
const CUT = "SELECT pg_terminate_backend(pg_backend_pid())";

function connect(): PDO
{
    // No prepared statement has a name: behind a pooler the next transaction may have another connection.
    return new PDO("pgsql:", null, null, [
        PDO::PGSQL_ATTR_DISABLE_PREPARES => true,
        PDO::ATTR_DEFAULT_FETCH_MODE => PDO::FETCH_OBJ,
    ]);
}

function query(PDO $db, string $sql, array $values = []): ?object
{
    $statement = $db->prepare($sql);
    $statement->execute($values);
    return $statement->fetch() ?: null;
}

/** A transaction that acts for the user: the pooler gives it one connection, to its end. */
function acting(PDO $db, callable $work): mixed
{
    $db->beginTransaction();
    try {
        query($db, "SELECT identity.act_as(?)", [USER]);
        $answer = $work($db);
        $db->commit();
        return $answer;
    } catch (PDOException $error) {
        if (!isLost($error)) {
            $db->rollBack();
        }
        throw $error;
    }
}

function isLost(PDOException $error): bool
{
    return preg_match(LOST, $error->errorInfo[0] ?? "08006") === 1;
}

function place(PDO $db, string $price, string $amount, string $id): object
{
    // In FROM, so that the answer has columns. PHP has no decimals: numbers are texts, for bcmath and for the database.
    $sql = "SELECT * FROM exchange.place_order(?, ?, 'buy', ?, ?, client_order_id => ?)";
    return query($db, $sql, [USER, MARKET, $price, $amount, $id]);
}

/** Sends the order until it is answered. The first try loses its connection before the commit, the second after it; the
 * client_order_id makes them all one order. */
function placeSurely(string $price, string $amount, string $id): int
{
    for ($tries = 1;; $tries++) {
        try {
            $db = connect();
            acting($db, function (PDO $db) use ($price, $amount, $id, $tries) {
                place($db, $price, $amount, $id);
                if ($tries === 1) {
                    query($db, CUT);
                }
            });
            if ($tries === 2) {
                query($db, CUT);
            }
            return $tries;
        } catch (PDOException $error) {
            if (!isLost($error)) {
                throw $error;
            }
        }
    }
}

$db = connect();

$order = acting($db, fn ($db) => place($db, "100.10", bcadd("0.1", "0.2", 8), "alice-1"));
echo "order: {$order->status}, {$order->filled_amount} filled, {$order->remaining_amount} remaining\n";
$paid = bcadd(bcmul($order->filled_amount, $order->average_price, 8), $order->commission, 8);
echo "paid: $paid USD\n";

try {
    acting($db, fn ($db) => place($db, "100.10", "1000", "alice-2"));
} catch (PDOException $error) {
    // The driver tells message and HINT as one text.
    [$state, , $text] = $error->errorInfo;
    $hint = preg_match("/^HINT:\s+(.*)$/m", $text, $found) ? $found[1] : "";
    echo "refused: $state $hint\n";
}

// The inbox takes anything; what is wrong with a line is told when it is carried out.
$lines = array_map(
    fn ($n) => implode("\t", ["new", USER, MARKET, "buy", $n === 1000 ? "1.001" : "1.00", "0.01", "bulk-$n"]),
    range(1, 1000),
);
$columns = "action, user_id, symbol, side, price, amount, client_order_id";
acting($db, fn ($db) => $db->pgsqlCopyFromArray("exchange.order_commands", $lines, "\t", "\\\\N", $columns));
// It commits what it does, so it stands in no transaction.
query($db, "CALL exchange.match_orders(?)", [MARKET]);
$counts = "SELECT (SELECT count(*) FROM exchange.orders WHERE user_id = ? AND client_order_id LIKE 'bulk-%') AS placed,
                  count(*) AS refused, min(sqlstate) AS sqlstate
           FROM exchange.command_rejections WHERE user_id = ?";
$bulk = acting($db, fn ($db) => query($db, $counts, [USER, USER]));
echo "bulk: {$bulk->placed} placed, {$bulk->refused} refused: {$bulk->sqlstate}\n";

$tries = placeSurely("99.00", "0.5", "alice-3");
$count = "SELECT count(*) FROM exchange.orders WHERE user_id = ? AND price = 99";
$orders = acting($db, fn ($db) => query($db, $count, [USER]));
echo "retried: $tries tries, {$orders->count} order\n";
