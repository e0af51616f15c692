#include "scene.h"
static void bench(void **state) {
    (void)state;
    const char *n = getenv("FOTAD_BENCH");
    int count = n ? atoi(n) : 2000;
    struct scene *scene = scene_new_for(1, (struct sim_users_options){.unchecked = getenv("UNCHECKED") != NULL});
    instant t = clock_elapsed();
    scene_add_alerts(scene, 1, 1, count);
    printf("insert %.3f s\n", (double)(clock_elapsed() - t) / 1e6);
    t = clock_elapsed();
    scene_start(scene);
    scene_wait_taken(scene, 1, (uint64_t)count);
    scene_wait_count(scene, "select count(*) from alert", 0);
    double s = (double)(clock_elapsed() - t) / 1e6;
    printf("%d in %.3f s: %.1f us each\n", count, s, s / count * 1e6);
    struct sim_counts c = sim_users_counts(scene->users, 0);
    printf("requests %ju repeats %ju wrong %ju\n", c.requests, c.repeats, c.wrong);
    scene_free(scene);
}
int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(bench)};
    duis_open();
    int r = cmocka_run_group_tests(tests, NULL, NULL);
    duis_close();
    return r;
}
