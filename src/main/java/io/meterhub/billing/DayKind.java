package io.meterhub.billing;

import java.time.DayOfWeek;
import java.time.LocalDate;

/**
 * What a tariff's calendar tells days apart by (工作日, 周末, 法定节假日, 高温日). TEMPERATURE is a mark that a site gives to a workday or
 * weekend besides.
 */
public enum DayKind {

    WORKDAY, WEEKEND, HOLIDAY, TEMPERATURE;

    static DayKind byWeek(LocalDate day) {
        return day.getDayOfWeek().compareTo(DayOfWeek.SATURDAY) < 0 ? WORKDAY : WEEKEND;
    }
}
