# ivfflat with quantized lists: see IvfflatTest.
use strict;
use warnings;

use IvfflatTest;

run_ivfflat('quantized');
