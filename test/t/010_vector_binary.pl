# Binary input of vector from clients that lie: every malformed message is refused with the right error, nothing beyond
# the message is read, and the server stays up.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('vector_binary');
$node->init;
$node->start;
$node->safe_psql(
    'postgres', q{
CREATE EXTENSION vectorx;
CREATE TABLE free (v vector);
CREATE TABLE fixed (v vector(3));
});

my $dir = PostgreSQL::Test::Utils::tempdir;
my $file = "$dir/rows";

# A COPY BINARY file of one column with these fields.
sub write_fields
{
    my @fields = @_;
    open my $out, '>:raw', $file or die "$file: $!";
    print $out "PGCOPY\n\xff\r\n\0", pack('NN', 0, 0);
    print $out pack('n N/a*', 1, $_) for @fields;
    print $out pack('n', 0xffff);
    close $out or die "$file: $!";
    return;
}

# SQLSTATE and message that reading one field into $table gives; '' if it is accepted.
sub error_of
{
    my ($table, $field) = @_;
    write_fields($field);
    my ($rc, $stdout, $stderr) = $node->psql('postgres', "\\set VERBOSITY verbose\nCOPY $table FROM '$file' (FORMAT binary)");
    return '' if $rc == 0 && $stderr eq '';
    return $stderr =~ /ERROR:  (\w{5}: [^\n]*)/ ? $1 : "unexpected: $stderr";
}

sub message { my ($dim, $unused, @elements) = @_; return pack('n n f>*', $dim, $unused, @elements); }

# What is valid
is(error_of('free', message(3, 0, 1, -2.5, 0)), '', 'three elements');
is(error_of('free', message(1, 0, 3.5)), '', 'one element');
is(error_of('free', message(16000, 0, (0.5) x 16000)), '', 'as many elements as there may be');
is(error_of('fixed', message(3, 0, 4, 5, 6)), '', 'as many elements as the column says');
is(error_of('free', pack('n n N N', 2, 0, 0x00000001, 0x80000000)), '', 'denormal and negative zero');
is($node->safe_psql('postgres', 'SELECT left(v::text, 16) FROM free UNION ALL SELECT v::text FROM fixed'),
    join("\n", '[1,-2.5,0]', '[3.5]', '[0.5,0.5,0.5,0.5', '[1e-45,-0]', '[4,5,6]'), 'values arrive as they were sent');

# What is not
my $short = '08P01: insufficient data left in message';
my $long = '22P03: incorrect binary data format';
is(error_of('free', substr(message(1, 0, 1), 0, $_)), $short, "message of $_ bytes") for 0 .. 3;
is(error_of('free', substr(message(3, 0, 1, 2, 3), 0, $_)), $short, "three elements in $_ bytes") for 4 .. 15;
is(error_of('free', message(16000, 0, 1)), $short, 'one element for sixteen thousand');
is(error_of('free', message(3, 0, 1, 2, 3) . 'x'), $long, 'one byte too many');
is(error_of('free', message(1, 0, 1, 2)), $long, 'one element too many');
is(error_of('free', message(0, 0)), '22000: vector must have at least 1 dimension', 'no dimension');
is(error_of('free', message(0, 0, 1)), '22000: vector must have at least 1 dimension', 'no dimension, but an element');
is(error_of('free', message($_, 0, 1)), '54000: vector cannot have more than 16000 dimensions', "$_ dimensions")
  for 16001, 0x7fff, 0x8000, 0xffff;
is(error_of('free', message(1, $_, 1)), "22000: expected unused to be 0, not $_", "unused is $_") for 1, 0x8000, 0xffff;
is(error_of('fixed', message(2, 0, 1, 2)), '22000: expected 3 dimensions, not 2', 'too few for the column');
is(error_of('fixed', message(4, 0, 1 .. 4)), '22000: expected 3 dimensions, not 4', 'too many for the column');
is(error_of('free', pack('n n N N', 2, 0, 0x3f800000, $_)), '22000: NaN not allowed in vector', sprintf 'NaN %x', $_)
  for 0x7fc00000, 0x7f800001, 0xffc00000, 0xffffffff;
is(error_of('free', pack('n n N N', 2, 0, $_, 0x3f800000)), '22000: infinite value not allowed in vector', sprintf 'infinity %x', $_)
  for 0x7f800000, 0xff800000;

# What one server writes, another reads.
$node->safe_psql('postgres', "COPY free TO '$file.out' (FORMAT binary); CREATE TABLE copied (v vector); COPY copied FROM '$file.out' (FORMAT binary)");
is($node->safe_psql('postgres', 'SELECT count(*), count(*) FILTER (WHERE EXISTS (SELECT FROM free WHERE vector_send(free.v) = vector_send(copied.v))) FROM copied'),
    '4|4', 'binary output is binary input');

# Random bytes, of which some are made to look like a header: refused or finite, and the server lives. One psql with one
# COPY a message; an error ends only its COPY.
srand(1);
my $started = $node->safe_psql('postgres', 'SELECT pg_postmaster_start_time()');
my $script = '';
my $messages = 400;
for my $i (1 .. $messages)
{
    my $count = int rand 6;
    my $field = rand() < 0.7 ? pack('n n', $count + int(rand 3) - 1 & 0xffff, rand() < 0.9 ? 0 : 1) : '';
    $field .= pack('N', int rand 2**32) for 1 .. $count;
    $field = substr($field, 0, int rand 1 + length $field) if rand() < 0.2;
    write_fields($field);
    rename $file, "$file.$i" or die "$file.$i: $!";
    $script .= "COPY free FROM '$file.$i' (FORMAT binary);\n";
}
my ($rc, $stdout, $stderr) = $node->psql('postgres', $script, on_error_stop => 0);
my $errors = () = $stderr =~ /ERROR:/g;
my $accepted = $node->safe_psql('postgres', 'SELECT count(*) - 4 FROM free');
cmp_ok($accepted, '>', 20, 'some random messages are vectors');
cmp_ok($errors, '>', 100, 'and many are not');
is($accepted + $errors, $messages, 'every message is either');
is($node->safe_psql('postgres', "SELECT count(*) FROM free WHERE v::text ~ 'NaN|Infinity'"), '0', 'no element is NaN or infinite');
is($node->safe_psql('postgres', 'SELECT pg_postmaster_start_time()'), $started, 'the server has not restarted');

$node->stop;
done_testing();
