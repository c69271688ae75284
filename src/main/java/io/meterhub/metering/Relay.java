package io.meterhub.metering;

/** The state of a meter's relay or valve: ON lets through, OFF is open (relay) or shut (valve). */
public enum Relay { ON, OFF, UNKNOWN }
