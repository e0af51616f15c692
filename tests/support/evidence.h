/* SQL that puts an update into the tracking tables as if what led to its status
 * had been heard: the columns that apply_events() goes by. */
#ifndef FOTAD_TESTS_EVIDENCE_H
#define FOTAD_TESTS_EVIDENCE_H

#define EVIDENCE_COLUMNS                                                       \
    " report_status, delivery_status, delivery_time, hub_status, hub_time,"    \
    " device_status, device_time, stored_time"

/* Their values for v.s, a processing_status, all at v.t. What hub or device
 * said comes after the delivery to the hub. */
#define EVIDENCE                                                               \
    " case when v.s in ('APPROVED_FOR_DISTRIBUTION', 'REJECTED_BY_CSP')"       \
    " then v.s end,"                                                           \
    " case when v.s in ('SUCCESSFUL_CH_TRANSFER', 'FAILED_CH_TRANSFER')"       \
    " then v.s when " EVIDENCE_OF_HUB " or " EVIDENCE_STORED                   \
    " then 'SUCCESSFUL_CH_TRANSFER' end,"                                      \
    " case when v.s in ('SUCCESSFUL_CH_TRANSFER', 'FAILED_CH_TRANSFER')"       \
    " or " EVIDENCE_OF_HUB " or " EVIDENCE_STORED " then v.t end,"             \
    " case when " EVIDENCE_OF_HUB " then v.s when " EVIDENCE_STORED            \
    " then 'SUCCESSFUL_HAN_TRANSFER' end,"                                     \
    " case when " EVIDENCE_OF_HUB " or " EVIDENCE_STORED " then v.t end,"      \
    " case when " EVIDENCE_OF_DEVICE " then v.s end,"                          \
    " case when " EVIDENCE_OF_DEVICE " then v.t end,"                          \
    " case when " EVIDENCE_STORED " then v.t end"
#define EVIDENCE_OF_HUB                                                        \
    "v.s in ('SUCCESSFUL_HAN_TRANSFER', 'FAILED_HAN_TRANSFER',"                \
    " 'HAN_DISCARDED', 'HAN_REJECTED_HW_MISMATCH')"
#define EVIDENCE_STORED "v.s = 'STORED_ON_DEVICE'"
#define EVIDENCE_OF_DEVICE "v.s in ('FIRMWARE_ACTIVATED', 'ACTIVATION_FAILED')"

#endif
