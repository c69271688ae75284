package io.meterhub.metering;

/** A rate band in the order of the meters' band registers: 尖, 峰, 平, 谷, 深谷. */
public enum Band { SHARP, PEAK, FLAT, VALLEY, DEEP_VALLEY }
