# ActiveRecord: an order, a command for the inbox and a user, each with every column of its table.
require "active_record"

ActiveRecord::Base.partial_inserts = false if ActiveRecord::Base.respond_to?(:partial_inserts=)

def connection(login)
  { adapter: "postgresql", host: ENV["PGHOST"], port: ENV["PGPORT"], database: ENV["PGDATABASE"], username: login }
end

class Trader < ActiveRecord::Base
  self.abstract_class = true
  # A write sends every column with the default that the catalog has, not the changed ones alone; so does Rails 7 by default.
  self.partial_writes = false
end

class Admin < ActiveRecord::Base
  self.abstract_class = true
  self.partial_writes = false
end

Trader.establish_connection(connection(ENV["ORM_TRADER"]))
Admin.establish_connection(connection(ENV["ORM_ADMIN"]))

class Order < Trader
  self.table_name = "exchange.orders"
end

# The inbox is not for reading: nothing is returned.
class Command < Trader
  self.table_name = "exchange.order_commands"
  self.primary_key = nil
  self.ignored_columns = %w[id set_aside_at set_aside_sqlstate set_aside_reason]
end

class User < Admin
  self.table_name = "identity.users"
  # PostgreSQL makes is_admin; nobody reads the secrets.
  self.ignored_columns = %w[is_admin password_hash remember_token]
end

given = { user_id: ENV["ORM_USER_ID"], symbol: "ORM-USD", side: "buy", price: 10, amount: 1 }
order = Order.create!(**given, client_order_id: "activerecord-1").reload
puts "order #{order.status} #{order.filled_amount.to_s('F')}"
Command.create!(**given, action: "new", client_order_id: "activerecord-2")
user = User.create!(name: "activerecord").reload
puts "user #{user.role} #{user.is_active}"
