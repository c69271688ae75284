package io.meterhub.billing;

/** How money changes hands at the counter: as cash, or by bank transfer. */
public enum PayMethod { CASH, TRANSFER }
