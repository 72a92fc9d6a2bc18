# An idle cluster, and files that are good and bad scripts. Nodes and partitions as in queue.sh.
mkdir directory
printf '#!/bin/sh\nexit 3\n' >good.sh
printf 'echo hello\n' >no_interpreter.sh
printf '#!/bin/sh\r\necho hello\r\n' >dos.sh
printf '  \n\n' >blank.sh
printf '#!/bin/sh\n#SBATCH -N x\n' >bad_directive.sh
printf '#!/bin/sh\n#SBATCH --bogus\n' >unknown_directive.sh
printf '#!/bin/sh\n#SBATCH --comment="a b\n' >unmatched_quote.sh
: >empty.sh
