import unittest

from slots import clock, free_slots


class FreeSlots(unittest.TestCase):
    def test_a_day_without_appointments_is_free(self):
        self.assertEqual(free_slots([], 540, 1020), [(540, 1020)])

    def test_appointments_part_the_day(self):
        self.assertEqual(free_slots([(600, 660), (720, 750)], 540, 1020), [(540, 600), (660, 720), (750, 1020)])

    def test_an_appointment_inside_another_hides_nothing(self):
        self.assertEqual(free_slots([(600, 900), (660, 720)], 540, 1020), [(540, 600), (900, 1020)])

    def test_a_slot_of_exactly_the_least_length_counts(self):
        self.assertEqual(free_slots([(555, 600)], 540, 600), [(540, 555)])

    def test_clock(self):
        self.assertEqual(clock(605), "10:05")


if __name__ == "__main__":
    unittest.main()
