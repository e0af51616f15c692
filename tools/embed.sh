#!/bin/sh
# Writes an assembler file that carries the named files as one table:
# see src/base/embedded.h.
set -eu
echo '.section .rodata'
i=0
for file; do
    printf 'name_%d: .asciz "%s"\ndata_%d: .incbin "%s"\nend_%d: .byte 0\n' \
        "$i" "$file" "$i" "$file" "$i"
    i=$((i + 1))
done
# relocated when the program is loaded
echo '.section .data.rel.ro,"aw"'
echo '.balign 8'
echo '.global embedded_files'
echo 'embedded_files:'
n=0
while [ "$n" -lt "$i" ]; do
    printf '.quad name_%d, data_%d, end_%d - data_%d\n' "$n" "$n" "$n" "$n"
    n=$((n + 1))
done
echo '.quad 0, 0, 0'
echo '.section .note.GNU-stack,"",@progbits'
