// lib/pq. Where the server or the pooler is, and the login, say PGHOST, PGPORT, PGDATABASE and PGUSER.
package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log"
	"math/big"
	"strings"

	"github.com/lib/pq"
)

const (
	user   = 1 // who has logged in with the application
	market = "BTC-USD"
	cutNow = "SELECT pg_terminate_backend(pg_backend_pid())"
)

// numeric comes as text, and goes as text; big.Rat computes with it exactly.
type order struct {
	status, filled, remaining, average, commission string
}

// A transaction that acts for the user: the pooler gives it one connection, to its end.
func acting(db *sql.DB, work func(*sql.Tx) error) error {
	tx, err := db.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback() // of nothing, after a commit
	if _, err := tx.Exec("SELECT identity.act_as($1)", user); err != nil {
		return err
	}
	if err := work(tx); err != nil {
		return err
	}
	return tx.Commit()
}

func place(tx *sql.Tx, price, amount, id string) (o order, err error) {
	// In FROM, so that the answer has columns. average_price is NULL without a trade.
	row := tx.QueryRow(`SELECT status, filled_amount, remaining_amount, coalesce(average_price, 0), commission
		FROM exchange.place_order($1, $2, 'buy', $3, $4, client_order_id => $5)`, user, market, price, amount, id)
	err = row.Scan(&o.status, &o.filled, &o.remaining, &o.average, &o.commission)
	return o, err
}

// Whether nobody has answered, or the server has said that the connection ends.
func isLost(err error) bool {
	var said *pq.Error
	if errors.As(err, &said) {
		return strings.HasPrefix(string(said.Code), "08") || said.Code == "57P01" || said.Code == "57P02"
	}
	return err != nil
}

// Sends the order until it is answered. The first try loses its connection before the commit, the second after it; the
// client_order_id makes them all one order.
func placeSurely(db *sql.DB, price, amount, id string) (tries int, err error) {
	for tries = 1; ; tries++ {
		err = acting(db, func(tx *sql.Tx) error {
			_, err := place(tx, price, amount, id)
			if err == nil && tries == 1 {
				_, err = tx.Exec(cutNow)
			}
			return err
		})
		if err == nil && tries == 2 {
			_, err = db.Exec(cutNow)
		}
		if !isLost(err) {
			return tries, err
		}
	}
}

func bulk(db *sql.DB) error {
	err := acting(db, func(tx *sql.Tx) error {
		inbox, err := tx.Prepare(pq.CopyInSchema("exchange", "order_commands",
			"action", "user_id", "symbol", "side", "price", "amount", "client_order_id"))
		for n := 1; n <= 1000 && err == nil; n++ {
			price := "1.00"
			if n == 1000 {
				price = "1.001"
			}
			_, err = inbox.Exec("new", user, market, "buy", price, "0.01", fmt.Sprintf("bulk-%d", n))
		}
		if err == nil {
			_, err = inbox.Exec() // tells the server that this was all
		}
		return err
	})
	if err == nil {
		// It commits what it does, so it stands in no transaction.
		_, err = db.Exec("CALL exchange.match_orders($1)", market)
	}
	return err
}

func main() {
	ctx := context.Background()
	// One round trip for each statement, none of them with a name: behind a pooler the next transaction may have
	// another connection.
	db, err := sql.Open("postgres", "sslmode=disable binary_parameters=yes")
	check(err)
	check(db.PingContext(ctx))

	var o order
	amount := new(big.Rat).Add(rat("0.1"), rat("0.2"))
	check(acting(db, func(tx *sql.Tx) (err error) {
		o, err = place(tx, "100.10", amount.FloatString(8), "alice-1")
		return err
	}))
	fmt.Printf("order: %s, %s filled, %s remaining\n", o.status, o.filled, o.remaining)
	paid := new(big.Rat).Mul(rat(o.filled), rat(o.average))
	fmt.Printf("paid: %s USD\n", paid.Add(paid, rat(o.commission)).FloatString(8))

	err = acting(db, func(tx *sql.Tx) error {
		_, err := place(tx, "100.10", "1000", "alice-2")
		return err
	})
	var refused *pq.Error
	if errors.As(err, &refused) {
		fmt.Printf("refused: %s %s\n", refused.Code, refused.Hint)
	}

	// The inbox takes anything; what is wrong with a line is told when it is carried out.
	check(bulk(db))
	show(db, "bulk: ", `SELECT format('%s placed, %s refused: %s', (SELECT count(*) FROM exchange.orders
		WHERE user_id = $1 AND client_order_id LIKE 'bulk-%'), count(*), min(sqlstate)) FROM exchange.command_rejections`)

	tries, err := placeSurely(db, "99.00", "0.5", "alice-3")
	check(err)
	show(db, fmt.Sprintf("retried: %d tries, ", tries),
		"SELECT count(*) || ' order' FROM exchange.orders WHERE user_id = $1 AND price = 99")
}

func show(db *sql.DB, begin, query string) {
	check(acting(db, func(tx *sql.Tx) error {
		var line string
		err := tx.QueryRow(query, user).Scan(&line)
		fmt.Println(begin + line)
		return err
	}))
}

func rat(text string) *big.Rat {
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		log.Fatalf("no number: %s", text)
	}
	return r
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
