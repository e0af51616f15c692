#include "fotasim/radio_cell.h"

uint64_t sim_radio_cell(const char *hub, uint64_t cells) {
    uint64_t number = UINT64_C(0xCBF29CE484222325);
    for (; *hub; hub++)
        number = (number ^ (uint8_t)*hub) * UINT64_C(0x100000001B3);
    return (number >> 17) % cells;
}
