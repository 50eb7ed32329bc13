<?php
/** Workers as of PHP-FPM: each has one persistent connection, asks for it at every request, and rests between two. */

[, $address, $user, $size] = $argv;
$parent = getmypid();

function serve(string $address, string $user): string
{
    try {
        $options = [PDO::ATTR_PERSISTENT => true, PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION];
        $database = new PDO($address, $user, getenv('PACE_PASSWORD'), $options);
        $database->query('SELECT COUNT(*) FROM orders')->fetchAll();
        return 'worked';
    } catch (PDOException $error) {
        return str_contains(strtolower($error->getMessage()), 'too many connections') ? 'refused' : 'other';
    }
}

for ($worker = 0; $worker < (int) $size; $worker++) {
    if (pcntl_fork() !== 0) continue;
    while (posix_getppid() === $parent) {
        fwrite(STDOUT, serve($address, $user) . "\n");
        sleep(random_int(5, 35));
    }
    exit(0);
}
while (pcntl_wait($status) > 0);
