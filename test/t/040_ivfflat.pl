# ivfflat with plain lists: see IvfflatTest.
use strict;
use warnings;

use IvfflatTest;

run_ivfflat('plain');
