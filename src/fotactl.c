/* fotactl: the operator's tool. */
int main(void) {
    return 2;
}
