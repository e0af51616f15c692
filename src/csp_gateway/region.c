#include "csp_gateway/region.h"

void csp_add_regions(struct db_params *params, const struct config *config) {
    static const struct db_column columns[] = {
        DB_COLUMN(TEXT, struct config_region, name),
        DB_COLUMN(TEXT, struct config_region, csp),
    };
    db_arrays(params, DB_COLUMNS(columns), config->regions,
              config->region_count, sizeof *config->regions);
}
