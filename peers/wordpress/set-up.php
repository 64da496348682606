<?php
// Installs the site in the current folder and prints its accounts as JSON. usage: set-up.php PASSWORD
define('WP_INSTALLING', true);
$_SERVER += ['HTTP_HOST' => '127.0.0.1', 'REQUEST_METHOD' => 'GET', 'SERVER_PROTOCOL' => 'HTTP/1.1', 'REQUEST_URI' => '/'];
require getcwd() . '/wp-load.php';
require_once ABSPATH . 'wp-admin/includes/upgrade.php';
// Nobody is told that there is a site.
function wp_new_blog_notification($title, $url, $user, $password) {}
if (!is_blog_installed()) {
    wp_install('Test site', 'editor', 'editor@example.org', true, '', $argv[1]);
}
update_option('permalink_structure', '/%postname%/');
$accounts = ['editor' => 'administrator', 'writer' => 'contributor', 'reader' => 'subscriber'];
$told = [];
foreach ($accounts as $name => $role) {
    $user = get_user_by('login', $name);
    $id = $user ? $user->ID : wp_insert_user(['user_login' => $name, 'user_pass' => $argv[1], 'user_email' => "$name@example.org", 'role' => $role]);
    [$password] = WP_Application_Passwords::create_new_application_password($id, ['name' => 'Crier ' . uniqid()]);
    $told[$name] = ['user' => $name, 'password' => WP_Application_Passwords::chunk_password($password)];
}
$category = wp_insert_term('News', 'category');
$tag = wp_insert_term('rust', 'post_tag');
echo json_encode($told + [
    'version' => get_bloginfo('version'),
    'own_password' => $argv[1],
    'category' => $category['term_id'],
    'tag' => $tag['term_id'],
]);
