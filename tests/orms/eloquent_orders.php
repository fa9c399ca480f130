<?php
// Eloquent: an order, a command for the inbox and a user.
require "Illuminate/Database/autoload.php";

use Illuminate\Database\Capsule\Manager;
use Illuminate\Database\Eloquent\Model;

$manager = new Manager();
foreach (["default" => "ORM_TRADER", "admin" => "ORM_ADMIN"] as $name => $login) {
    $manager->addConnection([
        "driver" => "pgsql", "host" => getenv("PGHOST"), "port" => getenv("PGPORT"), "database" => getenv("PGDATABASE"),
        "username" => getenv($login), "charset" => "utf8",
    ], $name);
}
$manager->setAsGlobal();
$manager->bootEloquent();

class Order extends Model
{
    protected $table = "exchange.orders";
    protected $guarded = [];
}

// The inbox is not for reading: nothing is returned.
class Command extends Model
{
    protected $table = "exchange.order_commands";
    protected $guarded = [];
    public $incrementing = false;
    const UPDATED_AT = null;
}

class User extends Model
{
    protected $connection = "admin";
    protected $table = "identity.users";
    protected $guarded = [];
}

$given = ["user_id" => getenv("ORM_USER_ID"), "symbol" => "ORM-USD", "side" => "buy", "price" => 10, "amount" => 1];
$order = Order::create($given + ["client_order_id" => "eloquent-1"])->fresh();
echo "order {$order->status} {$order->filled_amount}\n";
Command::create($given + ["action" => "new", "client_order_id" => "eloquent-2"]);
$made = User::create(["name" => "eloquent"]);
// Nobody reads the secrets, so no "select *".
$user = User::find($made->id, ["role", "is_active"]);
echo "user {$user->role} " . ($user->is_active ? "true" : "false") . "\n";
