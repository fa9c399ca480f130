# pg, the driver of Ruby. Where the server or the pooler is, and the login, say PGHOST, PGPORT, PGDATABASE and PGUSER.
require "bigdecimal"
require "pg"

USER = 1 # who has logged in with the application
MARKET = "BTC-USD"
LOST = /\A(08|57P01|57P02)/ # what SQLSTATEs of a lost connection begin with
CUT = "SELECT pg_terminate_backend(pg_backend_pid())"

def connect
  db = PG.connect
  # A numeric is a BigDecimal, a bigint an Integer.
  db.type_map_for_results = PG::BasicTypeMapForResults.new(db)
  db
end

# A transaction that acts for the user: the pooler gives it one connection, to its end.
def acting(db)
  db.transaction do
    db.exec_params("SELECT identity.act_as($1)", [USER])
    yield
  end
end

# As the database writes it: BigDecimal leaves the zeros at the end away.
def decimal(number)
  whole, rest = number.to_s("F").split(".")
  "#{whole}.#{rest.ljust(8, "0")}"
end

# exec_params prepares a statement without a name: behind a pooler the next transaction may have another connection.
def place(db, price, amount, client_order_id)
  # In FROM, so that the answer has columns. A BigDecimal is sent as text, with all its digits.
  sql = "SELECT * FROM exchange.place_order($1, $2, 'buy', $3, $4, client_order_id => $5)"
  db.exec_params(sql, [USER, MARKET, price.to_s("F"), amount.to_s("F"), client_order_id]).first
end

# Sends the order until it is answered. The first try loses its connection before the commit, the second after it; the
# client_order_id makes them all one order.
def place_surely(price, amount, client_order_id)
  [:before, :after, :never].each.with_index(1) do |cut, tries|
    db = connect
    acting(db) do
      place(db, price, amount, client_order_id)
      db.exec(CUT) if cut == :before
    end
    db.exec(CUT) if cut == :after
    return tries
  rescue PG::Error => error
    # Without a SQLSTATE nobody has answered.
    state = error.result&.error_field(PG::PG_DIAG_SQLSTATE)
    raise unless state.nil? || state.match?(LOST)
  ensure
    db&.close unless db&.finished?
  end
end

db = connect

order = acting(db) { place(db, BigDecimal("100.10"), BigDecimal("0.1") + BigDecimal("0.2"), "alice-1") }
filled, remaining = decimal(order["filled_amount"]), decimal(order["remaining_amount"])
puts "order: #{order["status"]}, #{filled} filled, #{remaining} remaining"
puts "paid: #{decimal(order["filled_amount"] * order["average_price"] + order["commission"])} USD"

begin
  acting(db) { place(db, BigDecimal("100.10"), BigDecimal("1000"), "alice-2") }
rescue PG::Error => error
  result = error.result
  puts "refused: #{result.error_field(PG::PG_DIAG_SQLSTATE)} #{result.error_field(PG::PG_DIAG_MESSAGE_HINT)}"
end

# The inbox takes anything; what is wrong with a line is told when it is carried out.
acting(db) do
  columns = "action, user_id, symbol, side, price, amount, client_order_id"
  db.copy_data("COPY exchange.order_commands (#{columns}) FROM STDIN CSV") do
    1.upto(1000) do |n|
      price = n == 1000 ? "1.001" : "1.00"
      db.put_copy_data("new,#{USER},#{MARKET},buy,#{price},0.01,bulk-#{n}\n")
    end
  end
end
# It commits what it does, so it stands in no transaction.
db.exec_params("CALL exchange.match_orders($1)", [MARKET])
counts = <<~SQL
  SELECT (SELECT count(*) FROM exchange.orders WHERE user_id = $1 AND client_order_id LIKE 'bulk-%') AS placed,
         count(*) AS refused, min(sqlstate) AS sqlstate
  FROM exchange.command_rejections WHERE user_id = $1
SQL
bulk = acting(db) { db.exec_params(counts, [USER]).first }
puts "bulk: #{bulk["placed"]} placed, #{bulk["refused"]} refused: #{bulk["sqlstate"]}"

tries = place_surely(BigDecimal("99.00"), BigDecimal("0.5"), "alice-3")
count = "SELECT count(*) FROM exchange.orders WHERE user_id = $1 AND price = 99"
orders = acting(db) { db.exec_params(count, [USER]).first }
puts "retried: #{tries} tries, #{orders["count"]} order"
